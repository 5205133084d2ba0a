"""What a set of files is, a repo's or a folder's: told by their names first, and then by the header of one of them.

Pickles can run code when they are loaded, so nothing here ever opens one.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from reconciler.core.found import Format, Found, Variant
from reconciler.errors import SourceUnavailable, Unusable
from reconciler.sources._files.listed import ListedFile, grouped
from reconciler.sources._formats.gguf_bytes import Readable
from reconciler.sources._formats.gguf_header import Header, NotGguf, header_of
from reconciler.sources._formats.gguf_parts import joined
from reconciler.sources._formats.safetensors_header import safetensors_header_of

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
OTHERS = (".safetensors", *_PICKLES)  # suffixes of weights that are no GGUF
_WITH_WEIGHTS = ("model", "adapter")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model")
_MOST_TEXT = 1 << 20  # bytes of a config.json
_MOST_LOOKED_AT = 64  # files of one set of safetensors

Open = Callable[[ListedFile], AbstractContextManager[Readable]]
Obstacle = Callable[[ListedFile], str]


def examined(start: Found, files: Sequence[ListedFile], open: Open, obstacle: Obstacle) -> Found:
    """Return what was known at the start, and what the files say; raises ResolutionError where none can be read.

    `obstacle` tells why a file that is whole can't be taken, and nothing where it can.
    """
    if ggufs := [file for file in files if file.is_gguf]:
        return gguf_examined(start, ggufs, open, obstacle)
    if safetensors := [file for file in files if file.path.endswith(".safetensors")]:
        return _with_safetensors(start, files, safetensors, open)
    pickles = [file for file in files if file.path.lower().endswith(_PICKLES)]
    size = sum(file.size for file in pickles)
    return replace(start, format=Format.PICKLE if pickles else Format.NONE, size=size)


def gguf_examined(start: Found, ggufs: Sequence[ListedFile], open: Open, obstacle: Obstacle) -> Found:
    """Return what was known at the start, and what GGUF files say: their names, and the header of the best of them."""
    models = grouped([file for file in ggufs if file.is_model] or ggufs)
    projectors = tuple(file.path for file in ggufs if file.is_projector and file not in models)
    found = replace(start, variants=_variants(models, obstacle), projectors=projectors)
    target = found.chosen or found.variants[0]
    file = next(file for file in models if file.path == target.name)
    found = replace(found, quantization=target.quantization, size=target.size)
    if found.denied[0]:
        return found
    try:
        return _with_header(found, _header(file, open), target)
    except NotGguf as error:
        return replace(found, format=Format.NONE, variants=(), trouble=(error.message, error.hint))
    except Unusable as error:
        return replace(found, trouble=(error.message, error.hint))
    except SourceUnavailable as error:
        return replace(found, unread=error.message)


def _header(file: ListedFile, open: Open) -> Header:
    """Return the header of a file, or what those of its parts come to."""
    if file.missing:
        message = f"{file.whole_path} has {file.shards} parts, and {file.missing} is missing"
        raise Unusable(message, hint="look for all of them")
    if file.parts:
        return joined([(part.path, _header(part, open)) for part in file.parts])
    with open(file) as content:
        return header_of(content, file.size, file.path)


def described(header: Header, name: str) -> Found:
    """Return what is known of a file whose header alone was read."""
    variant = Variant(name, 0)
    return _with_header(Found(asked=name, type="gguf", options=(), variants=(variant,)), header, variant)


def _with_header(found: Found, header: Header, looked_at: Variant) -> Found:
    """Return what was found with what the header of a GGUF says."""
    told = replace(looked_at, quantization=looked_at.quantization or header.quantization)
    if header.parts > 1 and told.parts == 1:
        told = replace(told, parts=header.parts, obstacle="one part of several, by its header")
    is_model = header.kind == "model"
    return replace(
        found,
        holds="vocabulary" if header.kind in _WITH_WEIGHTS and not header.tensors else header.kind,
        architecture=header.architecture,
        parameters=header.parameters if header.parts < 2 else found.parameters,
        context_length=header.context_length,
        quantization=told.quantization,
        size=told.size,
        variants=tuple(told if item == looked_at else item for item in found.variants),
        license=found.license or header.license,
        chat_template=header.chat_template or header.embeds or not is_model,
        embeds=header.embeds,
        tokenizer=header.has_tokenizer or not is_model,
        trained_on=header.base or found.trained_on,
    )


def _variants(files: Iterable[ListedFile], obstacle: Obstacle) -> tuple[Variant, ...]:
    """Return the files as choices, smallest first."""
    made = [_variant(file, obstacle) for file in files]
    return tuple(sorted(made, key=lambda item: (item.size, item.name)))


def _variant(file: ListedFile, obstacle: Obstacle) -> Variant:
    in_the_way = (f"{file.missing} is missing" if file.missing else "", *map(obstacle, file.parts or (file,)))
    first = next(filter(None, in_the_way), "")
    return Variant(file.path, file.size, file.quantization, max(file.shards, 1), first)


def _with_safetensors(
    start: Found, files: Sequence[ListedFile], safetensors: Sequence[ListedFile], open: Open
) -> Found:
    """Return what config.json and the headers say; hosts convert what lies at the top, so that is what counts."""
    top = [file for file in safetensors if "/" not in file.path] or safetensors
    names = {file.path: file for file in files}
    found = replace(start, format=Format.SAFETENSORS, size=sum(file.size for file in top))
    if "adapter_config.json" in names and "config.json" not in names:
        found = replace(found, holds="adapter")
    if found.denied[0]:
        return found
    try:
        found = _configured(found, names, open)
        counts = [_elements(file, open) for file in top[: 1 if start.parameters else _MOST_LOOKED_AT]]
    except Unusable as error:
        return replace(found, trouble=(error.message, error.hint))
    except SourceUnavailable as error:
        return replace(found, unread=error.message)
    whole = sum(count for _, count in counts) if len(counts) == len(top) else 0
    kinds = {kind for kind, _ in counts if kind}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return replace(found, quantization=kind, parameters=start.parameters or whole)


def _elements(file: ListedFile, open: Open) -> tuple[str, int]:
    """Return the type of most elements of a file, and how many it has."""
    with open(file) as content:
        header = safetensors_header_of(content, file.size, file.path)
    return header.elements[0][0] if header.elements else "", header.parameters


def _configured(found: Found, names: dict[str, ListedFile], open: Open) -> Found:
    config = _json(names.get("config.json"), open)
    text = config.get("text_config")
    longest = config.get("max_position_embeddings")
    if not isinstance(longest, int) and isinstance(text, dict):
        longest = text.get("max_position_embeddings")
    classes = config.get("architectures")
    base = _json(names.get("adapter_config.json"), open).get("base_model_name_or_path")
    return replace(
        found,
        architecture=str(classes[0]) if isinstance(classes, list) and classes else "",
        context_length=longest if isinstance(longest, int) else 0,
        tokenizer=any(name in names for name in _TOKENIZERS),
        trained_on=base if isinstance(base, str) else "",
    )


def _json(file: ListedFile | None, open: Open) -> dict[str, object]:
    """Return a small JSON file, or nothing where there is none or it is something else."""
    if file is None or file.size > _MOST_TEXT:
        return {}
    try:
        with open(file) as content:
            value = json.loads(content.read(file.size))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
