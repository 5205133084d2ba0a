"""Layers of a hub model -> the facts that a host would show of it. Pure, but for the reading that the caller lends.

What is in a layer was seen on 0.9.3: texts as they are, `params` and `messages` as JSON.
"""

import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts, freeze
from reconciler.errors import Unusable

_DIGESTS = {"model": "weights", "projector": "projectors", "adapter": "adapters"}
_LISTS = {"projectors", "adapters"}
_SHOWN = ("renderer", "parser", "requires")  # of the config, under the names that hosts give them
_KEPT = ("model_family", "model_type", "file_type")  # of the config, which hosts show in other words

Kind = TypeVar("Kind", dict[str, object], list[object])
Read = Callable[[Digest], str]


def described(parts: Iterable[tuple[str, Digest]], read: Read) -> Facts:
    """Return the facts; raises Unusable for a layer whose content is not what its kind promises."""
    found: dict[str, Fact] = {}
    licences: list[str] = []
    for kind, digest in parts:
        if kind in _DIGESTS:
            path = _DIGESTS[kind]
            before = found.get(path, ())
            found[path] = (*before, str(digest)) if path in _LISTS and isinstance(before, tuple) else str(digest)
        elif kind in {"template", "system"}:
            found[kind] = read(digest)
        elif kind == "license":
            licences.append(read(digest))
        elif kind == "params":
            found.update(_parameters(_json(read(digest), dict)))
        elif kind == "messages":
            found["messages"] = tuple(_turn(item) for item in _json(read(digest), list))
    if licences:
        found["license"] = "\n".join(licences)
    return facts(found)


def configured(text: str) -> Facts:
    """Return what the config says beside the layers, where it says it; raises Unusable for what is no config."""
    config = _json(text, dict)
    named = {name: config.get(name) for name in _SHOWN} | {f"config.{name}": config.get(name) for name in _KEPT}
    return facts({path: value for path, value in named.items() if isinstance(value, str) and value})


def _parameters(given: dict[str, object]) -> dict[str, Fact]:
    listed = {name: [value] if name == "stop" and isinstance(value, str) else value for name, value in given.items()}
    return {f"parameters.{name}": freeze(value) for name, value in listed.items()}


def _turn(item: object) -> tuple[Fact, ...]:
    if not isinstance(item, dict):
        raise Unusable("a layer of messages holds something else")
    return str(item.get("role", "")), str(item.get("content", ""))


def _json(text: str, kind: type[Kind]) -> Kind:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable("a layer that should be JSON is not") from error
    if not isinstance(value, kind):
        raise Unusable("a layer holds other JSON than it should")
    return value
