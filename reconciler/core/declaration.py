"""What to write in a manifest for a model that was found, as data; the report writes it as YAML."""

import re

from reconciler.core.found import Format, Found, Variant
from reconciler.core.names import ModelName

Entry = tuple[tuple[str, "str | bool | Entry"], ...]

_NOT_ALLOWED = re.compile(r"[^a-z0-9_.-]+")
_ENDING = re.compile(r"(-\d{5}-of-\d{5})?[-_.]gguf$")
_SHORT = (["name"], ["path"])  # options that need no key where they stand alone
_LONGEST = 80  # characters of a part of a name


def declaration(found: Found) -> Entry:
    """Return the document that declares the recommended variant, keys in the order in which people write them."""
    chosen = found.chosen or Variant("", 0)
    options = (*found.options, *_choice(found, chosen))
    short = [key for key, _ in options] in _SHORT
    source = _entry(**{found.type: options[0][1] if short else options})
    kind, spec = "Model", _entry(source=source)
    if found.holds == "adapter":
        kind, spec = "FineTune", _entry(base="the-base-model", adapter=source)
    metadata = _entry(name=model_name(found, chosen))
    return _entry(apiVersion="reconciler/v1", kind=kind, metadata=metadata, spec=spec)


def _entry(**values: "str | bool | Entry") -> Entry:
    return tuple(values.items())


def _choice(found: Found, chosen: Variant) -> Entry:
    """Return how the variant is chosen: by quantisation where that means one file, else by its name."""
    if found.format is Format.SAFETENSORS and found.type == "huggingface":
        return (("format", "safetensors"),)
    match found.type:
        case "ollama" | "safetensors":
            return ()
        case "gguf":
            return (("path", f"./{chosen.name}"), *_projector(found, f"./{found.projector}", alone=False))
        case _:
            same = [item for item in found.variants if item.quantization == chosen.quantization]
            meant = [item for item in same if item.parts == 1] or same  # in one file rather than in parts
            by_name = not chosen.quantization or meant != [chosen]
            choice = ("file", chosen.name) if by_name else ("quantization", chosen.quantization)
            return (choice, *_projector(found, found.projector, alone=True))


def _projector(found: Found, name: str, *, alone: bool) -> Entry:
    """Return which projector belongs to a model; nothing where one that is `alone` is taken without a word."""
    said = len(found.projectors) > alone and found.holds == "model"
    return (("mmproj", name),) if said else ()


def model_name(found: Found, chosen: Variant) -> str:
    """Return a name for the model on the hosts, made from where it comes from; people may give it any other."""
    options = dict(found.options)
    if found.type == "ollama":
        given = ModelName.parse(str(options["name"]))
        return f"{given.model}:{given.tag}"
    tag = _plain(chosen.quantization)
    origin = _plain(str(options.get("repo") or options.get("path") or chosen.name).rpartition("/")[2])
    stem = origin.removesuffix(tag).rstrip("-._") if tag else origin
    return ":".join(filter(None, (stem or "model", tag)))


def _plain(text: str) -> str:
    """Return the text as a part of a name that every host takes."""
    return _NOT_ALLOWED.sub("-", _ENDING.sub("", text.lower())).strip("-._")[:_LONGEST]
