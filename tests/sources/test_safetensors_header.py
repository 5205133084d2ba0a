"""The header of safetensors: whole ones, broken ones, and anything at all."""

import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Unusable
from reconciler.sources._formats.safetensors_header import safetensors_header_of


def written(header: object, data: int = 0) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"w" * data


def tensor(*shape: object, kind: str = "BF16", end: object = 8) -> dict[str, object]:
    return {"dtype": kind, "shape": list(shape), "data_offsets": [0, end]}


def read(content: bytes):
    return safetensors_header_of(io.BytesIO(content), len(content), "m.safetensors")


def test_tensors_are_counted_by_type() -> None:
    content = {"__metadata__": {"format": "pt"}, "a": tensor(2, 2), "b": tensor(3), "ids": tensor(9, kind="I64")}
    header = read(written(content, 8))
    assert header.elements == (("I64", 9), ("BF16", 7))
    assert header.parameters == 16


def test_a_file_without_tensors_is_sound() -> None:
    assert read(written({})).parameters == 0


BROKEN = {
    "empty": b"",
    "a length of nothing": struct.pack("<Q", 0),
    "a length past the end": struct.pack("<Q", 1 << 60) + b"{}",
    "no JSON": written(b"{nonsense"),
    "a list": written([]),
    "no shape": written({"a": {"dtype": "F32", "data_offsets": [0, 4]}}),
    "a shape of text": written({"a": tensor("x")}, 8),
    "a shape below nothing": written({"a": tensor(-1)}, 8),
    "an absurd shape": written({"a": tensor(1 << 40, 1 << 40)}, 8),
    "no end": written({"a": {"dtype": "F32", "shape": [1], "data_offsets": []}}),
    "an end of text": written({"a": tensor(1, end="x")}, 8),
    "deep": written(b"[" * 100_000),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(Unusable, match="is not a sound safetensors file"):
        read(content)


def test_a_file_that_was_cut_is_refused() -> None:
    with pytest.raises(Unusable, match="is truncated"):
        read(written({"a": tensor(2, 2)}, 7))


@given(st.binary(max_size=200) | st.binary(max_size=100).map(written))
def test_anything_is_read_or_refused(content: bytes) -> None:
    try:
        assert read(content).parameters >= 0
    except Unusable:
        return
