"""What a hub has instead of a name or tag that it has not, where it lets that be listed: the public hub does not."""

import json
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches

from reconciler.core.names import ModelName
from reconciler.errors import ResolutionError, TransportError
from reconciler.sources._hub.access import HubAccess, Repo
from reconciler.transport import Http

_TOLD = 10  # tags
_NEAR = 3  # names that are close
_MOST = 1000  # names that a hub is asked for


def instead(access: HubAccess, http: Http, repo: Repo) -> str:
    """Return which tags the hub has of this model, or else which models of close names; empty where it does not tell.

    It is asked for its names once, and for the tags of the few that are close.
    """
    if tags := _tags(access, repo):
        return f"it has the tags {', '.join(get_close_matches(repo.name.tag, tags, n=_TOLD, cutoff=0))}"
    models = listed(lambda: http.request("GET", f"{repo.hub}/v2/_catalog?n={_MOST}").body, "repositories")
    near = get_close_matches(f"{repo.name.namespace}/{repo.name.model}", models, n=_NEAR)
    names = [str(name) for path in near if (name := _closest(access, repo, path)) is not None]
    return f"did you mean {' or '.join(names)}?" if names else ""


def _tags(access: HubAccess, repo: Repo) -> list[str]:
    return listed(lambda: access.read(repo, "tags/list", {}), "tags")


def _closest(access: HubAccess, repo: Repo, path: str) -> ModelName | None:
    """Return the name of the model at this path, with the closest of its tags; None for what can't be pulled."""
    try:
        name = ModelName.parse(f"{repo.name.hub}/{path}:{repo.name.tag}")
        tags = get_close_matches(name.tag, _tags(access, replace(repo, name=name)), n=1, cutoff=0)
        return ModelName.parse(f"{repo.name.hub}/{path}:{tags[0]}") if tags else None
    except ValueError:
        return None


def listed(read: Callable[[], bytes], key: str) -> list[str]:
    """Return a list of names that a hub may give; none where it does not."""
    try:
        answer = json.loads(read())
    except (ResolutionError, TransportError, ValueError, RecursionError):
        return []
    names = answer.get(key) if isinstance(answer, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []
