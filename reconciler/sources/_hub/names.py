"""What a hub has instead of a name or tag that it has not, where it lets that be listed: the public hub does not."""

import json
from collections.abc import Callable
from difflib import get_close_matches

from reconciler.errors import ResolutionError, TransportError
from reconciler.sources._hub.access import HubAccess, Repo

_TOLD = 10  # tags


def close_tags(access: HubAccess, repo: Repo) -> str:
    """Return which tags the hub has of this model, the closest first; empty where it does not tell."""
    tags = listed(lambda: access.read(repo, "tags/list", {}), "tags")
    return f"it has the tags {', '.join(get_close_matches(repo.name.tag, tags, n=_TOLD, cutoff=0))}" if tags else ""


def listed(read: Callable[[], bytes], key: str) -> list[str]:
    """Return a list of names that a hub may give; none where it does not."""
    try:
        answer = json.loads(read())
    except (ResolutionError, TransportError, ValueError, RecursionError):
        return []
    names = answer.get(key) if isinstance(answer, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []
