"""The header of a GGUF file, read within bounds: what a server would only notice when the model is first used.

A server accepts files that are cut off, split, without weights or of another kind, and breaks later.
Only the first pages and the file's length are looked at; nothing is trusted to fit into memory.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.core.frozen import dataclass
from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_bytes import GgufBytes, Readable, Value

ALIGNMENT = "general.alignment"

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_DIMENSIONS = 4
_MOST_ELEMENTS = 1 << 48  # of one tensor

_BLOCK_BYTES = {  # elements in a block: {ggml type: bytes of a block}
    1: {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2},
    32: {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 36, 20: 18, 39: 17},
    64: {40: 36},
    128: {41: 18},
    256: {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 16: 66, 17: 74, 18: 98, 19: 50}
    | {21: 110, 22: 82, 23: 136, 29: 56, 34: 54, 35: 66},
}
_BLOCKS = {kind: (elements, size) for elements, sizes in _BLOCK_BYTES.items() for kind, size in sizes.items()}
_AT_LEAST = (_MOST_ELEMENTS, 1)  # of a type that came later: its place is checked, its length can't be

_FILE_TYPES = (  # by the number in `general.file_type`
    *("F32", "F16", "Q4_0", "Q4_1", "-", "-", "-"),
    *("Q8_0", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L"),
    *("Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "IQ2_XXS", "IQ2_XS"),
    *("Q2_K_S", "IQ3_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ3_M"),
    *("IQ2_S", "IQ2_M", "IQ4_XS", "IQ1_M", "BF16", "-", "-", "-"),
    *("TQ1_0", "TQ2_0", "MXFP4_MOE"),
)

_TOKENS = "tokenizer.ggml.tokens"  # without it, 0.9.3 ends as soon as the model is first used

# what is looked at; everything else is read and forgotten, however much there is of it
_KEPT = re.compile(
    r"general\.(architecture|type|alignment|file_type|license|base_model\.0\.name)|split\.(no|count|tensors\.count)"
    r"|tokenizer\.(ggml\.model|chat_template)|\S{1,80}\.(block_count|context_length|pooling_type)"
)


class NotGguf(Unusable):
    """It is something else altogether."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF says about itself; empty and 0 where it says nothing."""

    architecture: str
    kind: str  # model, adapter, projector, or another `general.type`
    tensors: int
    parts: int  # of how many files it is one; 0 or 1 for a whole one
    has_tokenizer: bool
    parameters: int = 0  # elements of all tensors
    context_length: int = 0  # tokens
    quantization: str = ""
    license: str = ""
    base: str = ""  # of an adapter: the model that it was trained on
    chat_template: bool = False
    embeds: bool = False  # it makes embeddings, and does not chat
    part: int = 0  # which of these it is, the first being 0
    all_tensors: int = 0  # of all parts together; 0 where it does not say
    alignment: int = 32  # bytes; where each tensor may begin


def read_header(path: Path) -> Header:
    """Return the header of a whole GGUF; raises Unusable where it is none, is broken, or is cut off."""
    try:
        with path.open("rb") as file:
            return header_of(file, path.stat().st_size, path.name)
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}", hint="check the path and its permissions") from error


def header_of(file: Readable, size: int, name: str) -> Header:
    """Return the header of a GGUF of `size` bytes, read from its beginning; raises Unusable as `read_header` does."""
    content = GgufBytes(file, size, name)
    _, tensors, keys = opening(content, name)
    values: dict[str, Value] = {}
    for _ in range(keys):
        key = content.key()
        value = content.value(content.number("I"))
        if key == _TOKENS:
            values[key] = value is None  # an array, of which it is enough to know that it is there
        elif value is not None and _KEPT.fullmatch(key):
            values[key] = value
    return _described(values, tensors, _elements(content, tensors, values), name)


def opening(content: GgufBytes, name: str) -> tuple[int, int, int]:
    """Return the version of a GGUF, and how many tensors and keys it has; raises Unusable."""
    if content.take(4) != _MAGIC:
        raise NotGguf(f"{name} is not a GGUF file", hint="Model needs GGUF format")
    version = content.number("I")
    if version not in _VERSIONS:
        what = "big-endian" if version & 0xFFFF == 0 else f"of version {version}"
        raise Unusable(f"{name} is a GGUF {what}, and hosts read versions 2 and 3", hint="convert it anew")
    return version, content.count(), content.count()


def _elements(content: GgufBytes, count: int, values: Mapping[str, Value]) -> int:
    """Return the elements of all tensors, after comparing the place of every tensor's end with the file's length."""
    alignment = checked_alignment(content, values.get(ALIGNMENT, 32))
    tensors = [tensor(content) for _ in range(count)]
    start = -(-content.place // alignment) * alignment
    if tensors:
        content.check(start + max(end for end, _ in tensors))
    return sum(elements for _, elements in tensors)


def checked_alignment(content: GgufBytes, value: Value | None) -> int:
    """Return what `general.alignment` says, in bytes; raises Unusable."""
    if not isinstance(value, int) or not 0 < value <= 1 << 20:
        raise content.broken("an impossible alignment")
    return value


def tensor(content: GgufBytes) -> tuple[int, int]:
    """Return where a tensor ends, in bytes from the start of all tensors, and how many elements it has."""
    content.key()
    dimensions = content.number("I")
    if dimensions > _DIMENSIONS:
        raise content.broken(f"a tensor of {dimensions} dimensions")
    elements = 1
    for _ in range(dimensions):
        elements *= content.number("Q")
    if elements > _MOST_ELEMENTS:
        raise content.broken("an absurd tensor")
    per_block, block = _BLOCKS.get(content.number("I"), _AT_LEAST)
    return content.number("Q") + -(-elements // per_block) * block, elements


def _described(values: Mapping[str, Value], tensors: int, elements: int, name: str) -> Header:
    architecture = _text(values, "general.architecture")
    part = _number(values, "split.no")
    if not architecture and not part:  # all but the first part say nothing of the model
        raise Unusable(f"{name} names no architecture", hint="convert it anew")
    file_type = _number(values, "general.file_type") if "general.file_type" in values else len(_FILE_TYPES)
    return Header(
        architecture=architecture,
        kind=_kind(values, architecture),
        tensors=tensors,
        parts=_number(values, "split.count"),
        has_tokenizer="tokenizer.ggml.model" in values and values.get(_TOKENS, False) is True,
        parameters=elements,
        context_length=_number(values, f"{architecture}.context_length"),
        quantization=_FILE_TYPES[file_type].strip("-") if 0 <= file_type < len(_FILE_TYPES) else "",
        license=_text(values, "general.license"),
        base=_text(values, "general.base_model.0.name"),
        chat_template=bool(_text(values, "tokenizer.chat_template")),
        embeds=f"{architecture}.pooling_type" in values,
        part=part,
        all_tensors=_number(values, "split.tensors.count"),
        alignment=_number({ALIGNMENT: 32, **values}, ALIGNMENT),
    )


def _text(values: Mapping[str, Value], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _number(values: Mapping[str, Value], key: str) -> int:
    value = values.get(key)
    return value if isinstance(value, int) else 0


def _kind(values: Mapping[str, Value], architecture: str) -> str:
    """Return what the file is; projectors of old tell it only by what they contain, as servers do."""
    declared = str(values.get("general.type", "model"))
    if declared == "mmproj" or architecture == "clip":
        return "projector"
    if values.get(f"{architecture}.vision.block_count") and not values.get(f"{architecture}.block_count"):
        return "projector"
    return declared
