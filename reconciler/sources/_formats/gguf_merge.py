"""Merging the parts of a split GGUF into one file, a block at a time, whatever their size.

The result is, to the last byte, the file that llama-gguf-split or the gguf package would have written without
splitting it: the keys of the first part but for `split.*`, and the tensors of all parts in their order.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.errors import Unusable
from reconciler.ports import Progress
from reconciler.sources._formats.gguf_bytes import GgufBytes
from reconciler.sources._formats.gguf_header import ALIGNMENT, checked_alignment, opening, tensor

_BLOCK = 1 << 20  # bytes
_OURS = "split."  # how the keys begin that tell of the splitting
_LONGEST_INFO = 1024  # bytes of what is said of a tensor; its name has at most 64
_OFFSET = 8  # bytes of a tensor's place, which end what is said of it

Span = tuple[int, int]
"""From which byte to which."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What lies where in one part."""

    path: Path
    version: int
    keys: tuple[Span, ...]  # but for those of the splitting
    tensors: tuple[Span, ...]
    alignment: int  # bytes
    data: Span  # of all tensors


def merge(paths: Sequence[Path], target: BinaryIO, progress: Progress) -> Digest:
    """Write what the parts at these paths make together, and return its digest; raises Unusable, OSError."""
    parts = [_part(path) for path in paths]
    if len({part.alignment for part in parts}) > 1:
        raise Unusable(f"the parts of {paths[0].name} are aligned in different ways", hint="split it anew")
    alignment, tensors = parts[0].alignment, _tensors(parts)
    size = sum(_padded(_length(part.data), alignment) for part in parts)  # the header is small beside that
    sha256, done = hashlib.sha256(), 0
    data = (_blocks(part.path, part.data) for part in parts)
    for block in _aligned([_header(parts[0], tensors), *data], alignment):
        target.write(block)
        sha256.update(block)
        done += len(block)
        progress("merging", min(done, size), size)
    return Digest(sha256.hexdigest())


def _part(path: Path) -> _Part:
    with path.open("rb") as file:
        size = path.stat().st_size
        content = GgufBytes(file, size, path.name)
        version, tensors, keys = opening(content, path.name)
        kept, alignment = [], 32
        for _ in range(keys):
            start, key = content.place, content.key()
            value = content.value(content.number("I"))
            if key == ALIGNMENT:
                alignment = checked_alignment(content, value)
            if not key.startswith(_OURS):
                kept.append((start, content.place))
        infos, ends = [], [0]
        for _ in range(tensors):
            start = content.place
            ends.append(tensor(content)[0])
            infos.append((start, content.place))
            if content.place - start > _LONGEST_INFO:
                raise content.broken("a tensor with an absurd name")
        start = _padded(content.place, alignment)
        if tensors:
            content.check(start + max(ends))
    return _Part(path, version, tuple(kept), tuple(infos), alignment, (start, max(start, size)))


def _tensors(parts: Sequence[_Part]) -> list[bytes]:
    """Return what is said of each tensor, with its new place; raises Unusable where two parts hold the same one."""
    tensors, base = dict[bytes, bytes](), 0
    for part in parts:
        with part.path.open("rb") as file:
            for start, end in part.tensors:
                file.seek(start)
                told = file.read(end - start)
                name = told[8 : 8 + int.from_bytes(told[:8], "little")]
                if name in tensors:
                    raise Unusable(f"{part.path.name} holds what another part holds as well: {name!r}")
                offset = base + int.from_bytes(told[-_OFFSET:], "little")
                tensors[name] = told[:-_OFFSET] + offset.to_bytes(_OFFSET, "little")
        base += _padded(_length(part.data), part.alignment)
    return list(tensors.values())


def _header(first: _Part, tensors: Sequence[bytes]) -> Iterator[bytes]:
    yield struct.pack("<4sIQQ", b"GGUF", first.version, len(tensors), len(first.keys))
    for span in first.keys:
        yield from _blocks(first.path, span)
    yield from tensors


def _aligned(pieces: Sequence[Iterator[bytes]], alignment: int) -> Iterator[bytes]:
    """Yield the blocks of each piece, and behind it what is missing up to the next place that is aligned."""
    for piece in pieces:
        length = 0
        for block in piece:
            length += len(block)
            yield block
        yield b"\0" * (_padded(length, alignment) - length)


def _blocks(path: Path, span: Span) -> Iterator[bytes]:
    start, end = span
    with path.open("rb") as file:
        file.seek(start)
        while start < end:
            block = file.read(min(_BLOCK, end - start))
            if not block:
                raise Unusable(f"{path.name} became shorter while it was read", hint="run again")
            start += len(block)
            yield block


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _length(span: Span) -> int:
    return span[1] - span[0]
