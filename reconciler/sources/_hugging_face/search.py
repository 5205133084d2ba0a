"""Searching a Hugging Face hub: for repos whose names are close, and for GGUF repos of the same model.

A mirror may know no search, and no answer of ours depends on one: what fails here finds nothing.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from urllib.parse import urlencode

from reconciler.core.found import Alternative
from reconciler.errors import TransportError
from reconciler.sources._files.listed import is_path
from reconciler.sources._hugging_face.api import HubApi
from reconciler.transport import Http

_ASKED_FOR = 50  # repos
_TOLD = 5
_CLOSE = 3


def close_names(http: Http, api: HubApi, repo: str) -> list[str]:
    """Return repos whose names are like this one, the closest first; the repo itself, where it is there."""
    organisation, _, name = repo.partition("/")
    found = [
        str(item["id"]) for words in ({"search": name}, {"author": organisation}) for item in _found(http, api, words)
    ]
    return get_close_matches(repo, dict.fromkeys(found), n=_CLOSE)


def gguf_repos(http: Http, api: HubApi, repo: str) -> tuple[Alternative, ...]:
    """Return GGUF repos for the model of a repo: first those that say so, then by downloads."""
    wanted = {f"base_model:quantized:{repo}", f"base_model:{repo}"}
    found = [
        Alternative(str(item["id"]), _count(item.get("downloads")), bool(wanted & _tags(item)))
        for item in _found(http, api, {"filter": "gguf", "search": repo.rpartition("/")[2]})
        if item["id"] != repo and "gguf" in _tags(item)
    ]
    return tuple(sorted(found, key=lambda item: (not item.derived, -item.downloads, item.repo))[:_TOLD])


def _found(http: Http, api: HubApi, words: dict[str, str]) -> Iterator[dict[str, object]]:
    """Yield what the hub says about each repo that it finds."""
    query = urlencode({**words, "sort": "downloads", "limit": str(_ASKED_FOR)})
    try:
        reply = http.request("GET", f"{api.endpoint()}/api/models?{query}", headers=api.headers(), redirects=1)
        items = reply.json() if reply.status == 200 else None
    except TransportError:
        return
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and is_path(item.get("id")):
            yield item


def _tags(item: dict[str, object]) -> set[str]:
    tags = item.get("tags")
    return {str(tag) for tag in tags} if isinstance(tags, list) else set()


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
