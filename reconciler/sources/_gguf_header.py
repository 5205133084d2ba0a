"""The header of a GGUF file, read within bounds: what a server would only notice when the model is first used.

A server accepts files that are cut off, split, without weights or of another kind, and breaks later.
Only the first pages and the file's length are looked at; nothing is trusted to fit into memory.
The layout is GGUF 2 and 3, as ggml's documentation gives it.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconciler.errors import Unusable

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST = 1 << 17  # keys, and tensors, of one file; real ones have thousands
_MOST_ITEMS = 1 << 26  # of one array; a vocabulary has hundreds of thousands
_MOST_TEXTS = 1 << 22  # of all arrays together; each is looked at
_LONGEST_KEY = 1 << 16  # bytes
_KEPT_TEXT = 1 << 12  # bytes; longer texts (templates, licences) are skipped
_DIMENSIONS = 4
_MOST_ELEMENTS = 1 << 48  # of one tensor
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

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

# what is looked at; everything else is read and forgotten, however much there is of it
_KEPT = re.compile(r"general\.(architecture|type|alignment)|split\.count|tokenizer\.ggml\.model|\S{1,80}\.block_count")

Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF says about itself."""

    architecture: str
    kind: str  # model, adapter, projector, or another `general.type`
    tensors: int
    parts: int  # of how many files it is one; 0 or 1 for a whole one
    has_tokenizer: bool


def read_header(path: Path) -> Header:
    """Return the header of a whole GGUF; raises Unusable where it is none, is broken, or is cut off."""
    try:
        with path.open("rb") as file:
            return _Reader(file, path.stat().st_size, path.name).header()
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}", hint="check the path and its permissions") from error


class _Reader:
    """Reads forward and never past the end."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file, self._size, self._name = file, size, name
        self._texts = 0

    def header(self) -> Header:
        if self._take(4) != _MAGIC:
            raise Unusable(f"{self._name} is not a GGUF file", hint="Model needs GGUF format")
        version = self._number("I")
        if version not in _VERSIONS:
            what = "big-endian" if version & 0xFFFF == 0 else f"of version {version}"
            raise Unusable(f"{self._name} is a GGUF {what}, and hosts read versions 2 and 3", hint="convert it anew")
        tensors, keys = self._count(), self._count()
        values: dict[str, Value] = {}
        for _ in range(keys):
            key = self._text(_LONGEST_KEY)
            value = self._value(self._number("I"))
            if value is not None and _KEPT.fullmatch(key):
                values[key] = value
        self._check_tensors(tensors, values)
        return _described(values, tensors, self._name)

    def _check_tensors(self, count: int, values: Mapping[str, Value]) -> None:
        """Compare the place of every tensor's end with the file's length."""
        alignment = values.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
            raise self._broken("an impossible alignment")
        end = max([self._tensor_end() for _ in range(count)], default=0)
        start = -(-self._file.tell() // alignment) * alignment
        if count and start + end > self._size:
            raise self._cut(start + end)

    def _tensor_end(self) -> int:
        """Return where a tensor ends, in bytes from the start of all tensors."""
        self._text(_LONGEST_KEY)
        dimensions = self._number("I")
        if dimensions > _DIMENSIONS:
            raise self._broken(f"a tensor of {dimensions} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= self._number("Q")
        if elements > _MOST_ELEMENTS:
            raise self._broken("an absurd tensor")
        per_block, block = _BLOCKS.get(self._number("I"), _AT_LEAST)
        return self._number("Q") + -(-elements // per_block) * block

    def _value(self, kind: int) -> Value | None:
        """Return a scalar or a short text; None for what is skipped."""
        if kind == _STRING:
            length = self._number("Q")
            if length <= _KEPT_TEXT:
                return self._take(length).decode("utf-8", "replace")
            self._skip(length)
            return None
        if kind == _ARRAY:
            self._skip_array(self._number("I"), self._number("Q"))
            return None
        if kind not in _SCALARS:
            raise self._broken(f"a value of the unknown type {kind}")
        value: Value = struct.unpack(f"<{_SCALARS[kind]}", self._take(struct.calcsize(_SCALARS[kind])))[0]
        return value

    def _skip_array(self, kind: int, count: int) -> None:
        if count > _MOST_ITEMS:
            raise self._broken("an absurd count")
        if kind in _SCALARS:
            self._skip(count * struct.calcsize(_SCALARS[kind]))
        elif kind == _STRING:
            self._texts += count
            if self._texts > _MOST_TEXTS:
                raise self._broken("an absurd count")
            for _ in range(count):
                self._skip(self._number("Q"))
        else:
            raise self._broken(f"an array of the unknown type {kind}")

    def _count(self) -> int:
        count = self._number("Q")
        if count > _MOST:
            raise self._broken("an absurd count")
        return count

    def _text(self, longest: int) -> str:
        length = self._number("Q")
        if length > longest:
            raise self._broken("an absurd length")
        return self._take(length).decode("utf-8", "replace")

    def _number(self, format: str) -> int:
        size = 4 if format == "I" else 8
        return int.from_bytes(self._take(size), "little")

    def _take(self, size: int) -> bytes:
        taken = self._file.read(size)
        if len(taken) < size:
            raise self._cut(self._file.tell() - len(taken) + size)
        return taken

    def _skip(self, size: int) -> None:
        place = self._file.tell() + size
        if place > self._size:
            raise self._cut(place)
        self._file.seek(size, 1)

    def _cut(self, needed: int) -> Unusable:
        return Unusable(
            f"{self._name} is truncated: it has {self._size} bytes and needs at least {needed}",
            hint="download or convert it anew",
        )

    def _broken(self, why: str) -> Unusable:
        return Unusable(f"{self._name} is not a sound GGUF: its header has {why}", hint="download or convert it anew")


def _described(values: Mapping[str, Value], tensors: int, name: str) -> Header:
    architecture = values.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise Unusable(f"{name} names no architecture", hint="convert it anew")
    parts = values.get("split.count", 0)
    return Header(
        architecture=architecture,
        kind=_kind(values, architecture),
        tensors=tensors,
        parts=parts if isinstance(parts, int) else 0,
        has_tokenizer="tokenizer.ggml.model" in values,
    )


def _kind(values: Mapping[str, Value], architecture: str) -> str:
    """Return what the file is; projectors of old tell it only by what they contain, as servers do."""
    declared = str(values.get("general.type", "model"))
    if declared == "mmproj" or architecture == "clip":
        return "projector"
    if values.get(f"{architecture}.vision.block_count") and not values.get(f"{architecture}.block_count"):
        return "projector"
    return declared
