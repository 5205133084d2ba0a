"""GGUF files by hand, byte by byte: whole ones, and ones that no library would write."""

import struct
from collections.abc import Sequence

ALIGNMENT = 32
F32, Q4_0 = 0, 2
Pair = tuple[str, bytes]


def _counted(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


def text(key: str, value: str) -> Pair:
    """Return a key with a text."""
    return key, struct.pack("<I", 8) + _counted(value.encode())


def number(key: str, value: int, *, kind: int = 4, format: str = "I") -> Pair:
    """Return a key with a number."""
    return key, struct.pack(f"<I{format}", kind, value)


def texts(key: str, *values: str) -> Pair:
    """Return a key with an array of texts."""
    return key, struct.pack("<IIQ", 9, 8, len(values)) + b"".join(_counted(value.encode()) for value in values)


ARCHITECTURE = text("general.architecture", "llama")
TOKENIZER = text("tokenizer.ggml.model", "llama")
WEIGHTS = ("blk.0.weight", (32, 2), Q4_0, 0)
WEIGHTS_SIZE = 36  # bytes: two blocks of 18
TOKENS = texts("tokenizer.ggml.tokens", "a", "b")
LLAMA = (ARCHITECTURE, TOKENIZER, TOKENS, number("llama.block_count", 1))


def gguf(
    *pairs: Pair,
    tensors: Sequence[tuple[str, tuple[int, ...], int, int]] = (WEIGHTS,),
    data: int = WEIGHTS_SIZE,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """Return a file with these keys, these tensors (name, shape, type, offset) and so many bytes of them."""
    declared = counts or (len(tensors), len(pairs))
    head = b"GGUF" + struct.pack("<IQQ", version, *declared)
    head += b"".join(_counted(key.encode()) + value for key, value in pairs)
    for name, shape, kind, offset in tensors:
        head += _counted(name.encode()) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
    return head + b"\0" * (-len(head) % ALIGNMENT) + b"w" * data
