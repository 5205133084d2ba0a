"""What to write in a manifest for a model that was found, as data; the report writes it as YAML."""

import re

from reconciler.core.found import Found, Variant
from reconciler.core.names import ModelName

Entry = tuple[tuple[str, "str | bool | Entry"], ...]

_NOT_ALLOWED = re.compile(r"[^a-z0-9_.-]+")
_FORMAT_NAME = re.compile(r"[-_.]gguf$|\.gguf$")
_SHORT = (["name"], ["path"])  # options that need no key where they stand alone
_LONGEST = 80  # characters of a part of a name


def declaration(found: Found) -> Entry:
    """Return the document that declares the recommended variant, keys in the order in which people write them."""
    chosen = found.chosen or Variant("", 0)
    options = (*found.options, *_choice(found, chosen))
    source: Entry = ((found.type, options[0][1] if [key for key, _ in options] in _SHORT else options),)
    kind, spec = "Model", (("source", source),)
    if found.holds == "adapter":
        kind, spec = "FineTune", (("base", "the-base-model"), ("adapter", source))
    name = (("name", model_name(found, chosen)),)
    return (("apiVersion", "reconciler/v1"), ("kind", kind), ("metadata", name), ("spec", spec))


def _choice(found: Found, chosen: Variant) -> Entry:
    """Return how the variant is chosen: by quantisation where that means one file, else by its name."""
    match found.type:
        case "ollama":
            return ()
        case "gguf":
            return (("path", f"./{chosen.name}"),)
        case _:
            same = [item for item in found.variants if item.quantization == chosen.quantization and item.parts == 1]
            if chosen.quantization and len(same) == 1:
                return (("quantization", chosen.quantization),)
            return (("file", chosen.name),)


def model_name(found: Found, chosen: Variant) -> str:
    """Return a name for the model on the hosts, made from where it comes from; people may give it any other."""
    options = dict(found.options)
    if found.type == "ollama":
        given = ModelName.parse(str(options["name"]))
        return f"{given.model}:{given.tag}"
    origin = str(options.get("repo", chosen.name)).rpartition("/")[2]
    return ":".join(filter(None, (_plain(origin) or "model", _plain(chosen.quantization if "repo" in options else ""))))


def _plain(text: str) -> str:
    """Return the text as a part of a name that every host takes."""
    lower = _FORMAT_NAME.sub("", text.lower())
    return _NOT_ALLOWED.sub("-", lower).strip("-._")[:_LONGEST]
