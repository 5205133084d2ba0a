"""The bytes of a GGUF header, read forward within bounds; nothing in them is trusted to be small or to be there.

The layout is GGUF 2 and 3, as ggml's documentation gives it.
"""

import struct
from typing import Protocol

from reconciler.errors import Unusable

_MOST = 1 << 17  # keys, and tensors, of one file; real ones have thousands
_MOST_ITEMS = 1 << 26  # of one array; a vocabulary has hundreds of thousands
_MOST_TEXTS = 1 << 22  # of all arrays together; each is looked at
_LONGEST_KEY = 1 << 16  # bytes
_KEPT_TEXT = 1 << 12  # bytes; of longer texts (templates, licences) only the beginning is kept
_BLOCK = 1 << 16  # bytes
_LENGTH = struct.Struct("<Q")  # of a text
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

Value = int | float | bool | str


class Readable(Protocol):
    """What a header is read from: a file that is open, or one on a hub."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer only at the end."""

    def tell(self) -> int:
        """Return the place."""

    def seek(self, offset: int, whence: int, /) -> int:
        """Go on by `offset` bytes, or back by a few that were just read (`whence` is 1)."""


class GgufBytes:
    """Reads forward and never past the end; raises Unusable."""

    def __init__(self, file: Readable, size: int, name: str) -> None:
        self._file, self._size, self._name = file, size, name
        self._texts = 0

    @property
    def place(self) -> int:
        """Return how many bytes lie behind."""
        return self._file.tell()

    def check(self, end: int) -> None:
        """Raise Unusable where the file ends before `end`."""
        if end > self._size:
            raise self.cut(end)

    def key(self) -> str:
        """Return a name."""
        length = self.number("Q")
        if length > _LONGEST_KEY:
            raise self.broken("an absurd length")
        return self.take(length).decode("utf-8", "replace")

    def value(self, kind: int) -> Value | None:
        """Return a scalar or the beginning of a text; None for an array, which is skipped."""
        if kind == _STRING:
            length = self.number("Q")
            kept = self.take(min(length, _KEPT_TEXT))
            self._skip(length - len(kept))
            return kept.decode("utf-8", "replace")
        if kind == _ARRAY:
            self._skip_array(self.number("I"), self.number("Q"))
            return None
        if kind not in _SCALARS:
            raise self.broken(f"a value of the unknown type {kind}")
        value: Value = struct.unpack(f"<{_SCALARS[kind]}", self.take(struct.calcsize(_SCALARS[kind])))[0]
        return value

    def count(self) -> int:
        """Return a number of keys or tensors."""
        count = self.number("Q")
        if count > _MOST:
            raise self.broken("an absurd count")
        return count

    def number(self, format: str) -> int:
        """Return an unsigned number of 4 (`I`) or 8 (`Q`) bytes."""
        return int.from_bytes(self.take(4 if format == "I" else 8), "little")

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        taken = self._file.read(size)
        if len(taken) < size:
            raise self.cut(self._file.tell() - len(taken) + size)
        return taken

    def cut(self, needed: int) -> Unusable:
        """Return the error for a file that ends before `needed` bytes."""
        return Unusable(
            f"{self._name} is truncated: it has {self._size} bytes and needs at least {needed}",
            hint="download or convert it anew",
        )

    def broken(self, why: str) -> Unusable:
        """Return the error for what no writer would write."""
        return Unusable(f"{self._name} is not a sound GGUF: its header has {why}", hint="download or convert it anew")

    def _skip_array(self, kind: int, count: int) -> None:
        if count > _MOST_ITEMS:
            raise self.broken("an absurd count")
        if kind in _SCALARS:
            self._skip(count * struct.calcsize(_SCALARS[kind]))
        elif kind == _STRING:
            self._texts += count
            if self._texts > _MOST_TEXTS:
                raise self.broken("an absurd count")
            self._skip_texts(count)
        else:
            raise self.broken(f"an array of the unknown type {kind}")

    def _skip_texts(self, count: int) -> None:
        """Skip texts; a vocabulary has hundreds of thousands, so their lengths are looked up in blocks of the file."""
        block, at, last = b"", 0, -1  # where in the block the next length is, and where it is whole at the latest
        length_at, size = _LENGTH.unpack_from, _LENGTH.size
        for _ in range(count):
            if at > last:
                self._skip(at - len(block))  # on to where it is, or back to where the block cuts it
                block, at = self._file.read(_BLOCK), 0
                last = len(block) - size
                if last < 0:
                    raise self.cut(self._file.tell() - last)
            at += size + length_at(block, at)[0]
        self._skip(at - len(block))

    def _skip(self, size: int) -> None:
        self.check(self._file.tell() + size)
        self._file.seek(size, 1)
