"""GGUF files that claim more than there is, or hold more than anybody needs: judged within so much memory and time."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.bounded import bounded
from tests.sources.gguf_files import LLAMA, Q4_0, gguf, number, text

READ = """
import sys
from pathlib import Path
from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_header import read_header
try:
    print(read_header(Path(sys.argv[1])))
except Unusable as error:
    print(error)
"""
HUGE = 1 << 60
MANY = 1 << 17
Attack = Callable[[Path], None]


def content(made: bytes) -> Attack:
    return lambda path: path.write_bytes(made) and None


def sparse(begin: bytes, size: int = 1 << 30) -> Attack:
    def write(path: Path) -> None:
        path.write_bytes(begin)
        with path.open("r+b") as file:
            file.truncate(size)

    return write


def texts(count: int, arrays: int) -> bytes:
    """Return the head of a file whose keys are arrays of so many empty texts, all of them still to come."""
    value = struct.pack("<IIQ", 9, 8, count)
    return gguf(*[("k", value)] * arrays, tensors=(), data=0, counts=(0, arrays))


def long_keys(path: Path) -> None:
    """Write a gigabyte of keys and values, all of them different, that nobody needs."""
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, MANY))
        for index in range(20_000):
            key = f"{index}.".encode() + b"k" * 50_000
            file.write(struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 4096) + b"v" * 4096)


ATTACKS: dict[str, tuple[Attack, str]] = {
    "2^60 tensors": (content(gguf(*LLAMA, counts=(HUGE, 4))), "an absurd count"),
    "2^60 keys": (content(gguf(*LLAMA, counts=(1, HUGE))), "an absurd count"),
    "2^17 tensors that are not there": (content(gguf(*LLAMA, counts=(MANY, 4))), "is "),
    "a key of 2^60 bytes": (content(gguf()[:24] + struct.pack("<Q", HUGE)), "is "),
    "a text of 2^60 bytes": (content(gguf(("k", struct.pack("<IQ", 8, HUGE)))), "is truncated"),
    "an array of 2^60 numbers": (content(gguf(("k", struct.pack("<IIQ", 9, 4, HUGE)))), "an absurd count"),
    "an array of 2^60 texts": (content(gguf(("k", struct.pack("<IIQ", 9, 8, HUGE)))), "an absurd count"),
    "a hundred million empty texts": (sparse(texts(100_000_000, 1)), "an absurd count"),
    "sixty million empty texts": (sparse(texts(60_000_000, 1)), "an absurd count"),
    "a tensor of 2^60 elements": (content(gguf(*LLAMA, tensors=(("t", (HUGE,), Q4_0, 0),))), "an absurd tensor"),
    "a tensor of 2^240 elements": (content(gguf(*LLAMA, tensors=(("t", (HUGE,) * 4, Q4_0, 0),))), "an absurd tensor"),
    "an alignment of 2^31": (content(gguf(*LLAMA, number("general.alignment", 1 << 31))), "impossible alignment"),
    "two gigabytes of nothing": (sparse(b"", 1 << 31), "is not a GGUF file"),
    "a header of nothing": (sparse(b"GGUF" + struct.pack("<IQQ", 3, MANY, MANY)), "names no architecture"),
    "a gigabyte of keys": (long_keys, "is truncated"),
    "an architecture of control characters": (
        content(gguf(text("general.architecture", "\x1b[31m" * 600), text("general.type", "\u202e"))),
        "Header",
    ),
}


@pytest.mark.parametrize(("attack", "words"), ATTACKS.values(), ids=ATTACKS)
def test_a_header_is_judged_within_bounds(tmp_path: Path, attack: Attack, words: str) -> None:
    path = tmp_path / "m.gguf"
    attack(path)
    ended = bounded("-c", READ, path, cwd=tmp_path)
    path.unlink()
    assert not ended.traceback, ended.err[-2000:]
    assert words in ended.out
