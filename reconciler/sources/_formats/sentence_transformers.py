"""What sentence-transformers says of pooling, in the words that hosts know.

From 5.4 on it names its modules and their pooling in another way than Ollama reads, and a host that finds no pooling
makes a model without any, silently. What is said in the new words is said again in the old ones.
"""

import json
from collections.abc import Iterator

from reconciler.errors import Unusable

MODULES = "modules.json"
_PACKAGE = "sentence_transformers."
_KNOWN = frozenset({"Transformer", "Pooling", "Normalize"})
_MODES = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token"}  # what hosts know
_HINT = "use it with sentence-transformers itself, or look for a GGUF of it"


def as_hosts_read(name: str, content: bytes) -> bytes:
    """Return what a host is to be given in the place of a file of this name: the same bytes wherever it knows them."""
    if name == MODULES:
        old = [{**item, "type": _old(str(item.get("type")))} for item in _items(content)]
        return _rewritten(content, old) if any(_kind(item) == "Pooling" for item in old) else content
    if not is_pooling(name):
        return content
    config = _object(content)
    mode = config.get("pooling_mode")
    if not isinstance(mode, str) or mode not in _MODES:
        return content
    return _rewritten(content, {**config, **{key: known == mode for known, key in _MODES.items()}})


def is_rewritten(name: str) -> bool:
    """Tell whether a path is that of a file that hosts may be given in other words."""
    return name == MODULES or is_pooling(name)


def is_pooling(name: str) -> bool:
    """Tell whether a path is that of a module's own configuration."""
    return name.count("/") == 1 and name.endswith("/config.json")


def pooling_of(content: bytes) -> str | None:
    """Return where modules.json says that the pooling is configured; None where there is no pooling."""
    found = next((item for item in _items(content) if _kind(item) == "Pooling"), None)
    return f"{found['path']}/config.json" if found is not None and found.get("path") else None


def refuse_unknown(name: str, modules: bytes, pooling: bytes) -> None:
    """Raise Unusable for embeddings that a host would make in another way than the model says."""
    strange = sorted({kind for item in _items(modules) if (kind := _kind(item)) not in _KNOWN})
    if strange:
        raise Unusable(f"{name} has the module {strange[0]}, which the conversion leaves out", hint=_HINT)
    modes = set(_modes(_object(pooling)))
    if len(modes) != 1 or not modes <= _MODES.keys():
        told = ", ".join(sorted(modes)) or "nothing that can be read"
        raise Unusable(f"{name} pools by {told}, and hosts know mean and cls only", hint=_HINT)


def _modes(config: dict[str, object]) -> Iterator[str]:
    """Yield the ways of pooling that a configuration names, in either spelling."""
    given = config.get("pooling_mode")
    if given is not None:
        yield from map(str, given if isinstance(given, list) else [given])
        return
    for key, value in config.items():
        if key.startswith("pooling_mode_") and value is True:
            yield next((mode for mode, old in _MODES.items() if old == key), key.removeprefix("pooling_mode_"))


def _old(kind: str) -> str:
    """Return the name that a module had before 5.4."""
    return f"{_PACKAGE}models.{kind.rpartition('.')[2]}" if kind.startswith(_PACKAGE) else kind


def _kind(item: dict[str, object]) -> str:
    return str(item.get("type")).rpartition(".")[2]


def _rewritten(content: bytes, value: object) -> bytes:
    if json.loads(content) == value:
        return content
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"


def _items(content: bytes) -> list[dict[str, object]]:
    value = _json(content)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(content: bytes) -> dict[str, object]:
    value = _json(content)
    return value if isinstance(value, dict) else {}


def _json(content: bytes) -> object:
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value
