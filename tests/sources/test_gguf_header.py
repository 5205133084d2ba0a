"""The header reader: a table of whole and broken files, every prefix of a good one, and anything at all."""

import struct
from pathlib import Path

import pytest
from gguf.constants import GGML_QUANT_SIZES, LlamaFileType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_header import _BLOCKS, _FILE_TYPES, Header, read_header
from tests.parts.gguf import tiny_adapter, tiny_model
from tests.sources.gguf_files import ARCHITECTURE, LLAMA, Q4_0, TOKENIZER, gguf, number, text, texts

GOOD = gguf(*LLAMA)
Q8_1 = 9  # the gguf package gives 40 bytes for a block, ggml itself 36: the smaller one refuses no good file


def written(folder: Path, content: bytes) -> Path:
    path = folder / "m.gguf"
    path.write_bytes(content)
    return path


READ = {
    "a model": (GOOD, Header("llama", "model", 1, 0, True)),
    "version 2": (gguf(*LLAMA, version=2), Header("llama", "model", 1, 0, True)),
    "a part": (gguf(*LLAMA, number("split.count", 3, kind=2, format="H")), Header("llama", "model", 1, 3, True)),
    "an adapter": (gguf(ARCHITECTURE, text("general.type", "adapter")), Header("llama", "adapter", 1, 0, False)),
    "a projector": (gguf(text("general.architecture", "clip")), Header("clip", "projector", 1, 0, False)),
    "one that says so": (gguf(ARCHITECTURE, text("general.type", "mmproj")), Header("llama", "projector", 1, 0, False)),
    "one of old": (
        gguf(ARCHITECTURE, number("llama.vision.block_count", 2)),
        Header("llama", "projector", 1, 0, False),
    ),
    "vision in the model": (gguf(*LLAMA, number("llama.vision.block_count", 2)), Header("llama", "model", 1, 0, True)),
    "another type": (gguf(ARCHITECTURE, text("general.type", "imatrix")), Header("llama", "imatrix", 1, 0, False)),
    "a vocabulary": (gguf(*LLAMA, tensors=(), data=0), Header("llama", "model", 0, 0, True)),
    "a long text": (gguf(*LLAMA, text("tokenizer.chat_template", "x" * 10_000)), Header("llama", "model", 1, 0, True)),
    "numbers of all kinds": (
        gguf(*LLAMA, *(number(f"n{kind}", 1, kind=kind, format=f) for kind, f in enumerate("BbHhIi"))),
        Header("llama", "model", 1, 0, True),
    ),
    "another alignment": (
        gguf(*LLAMA, number("general.alignment", 8)),
        Header("llama", "model", 1, 0, True),
    ),
    "a tensor type of tomorrow": (
        gguf(*LLAMA, tensors=(("t", (32,), 99, 0),), data=1),
        Header("llama", "model", 1, 0, True),
    ),
}


@pytest.mark.parametrize(("content", "header"), READ.values(), ids=READ)
def test_a_whole_file_says_what_it_is(tmp_path: Path, content: bytes, header: Header) -> None:
    found = read_header(written(tmp_path, content))
    told = Header(found.architecture, found.kind, found.tensors, found.parts, found.has_tokenizer)
    assert told == header


ABOUT = {
    "its parameters": (GOOD, "parameters", 64),
    "its context": (gguf(*LLAMA, number("llama.context_length", 8192)), "context_length", 8192),
    "the context of another architecture": (gguf(*LLAMA, number("bert.context_length", 512)), "context_length", 0),
    "its quantisation": (gguf(*LLAMA, number("general.file_type", 15)), "quantization", "Q4_K_M"),
    "a quantisation of tomorrow": (gguf(*LLAMA, number("general.file_type", 4000)), "quantization", ""),
    "a quantisation of old": (gguf(*LLAMA, number("general.file_type", 4)), "quantization", ""),
    "no quantisation": (GOOD, "quantization", ""),
    "its licence": (gguf(*LLAMA, text("general.license", "mit")), "license", "mit"),
    "a licence of another kind": (gguf(*LLAMA, number("general.license", 1)), "license", ""),
    "its base": (gguf(*LLAMA, text("general.base_model.0.name", "SmolLM2")), "base", "SmolLM2"),
    "a long template": (gguf(*LLAMA, text("tokenizer.chat_template", "x" * 10_000)), "chat_template", True),
    "no template": (GOOD, "chat_template", False),
    "embeddings": (gguf(*LLAMA, number("llama.pooling_type", 1)), "embeds", True),
    "a conversation": (GOOD, "embeds", False),
}


@pytest.mark.parametrize(("content", "field", "value"), ABOUT.values(), ids=ABOUT)
def test_a_whole_file_says_more_about_itself(tmp_path: Path, content: bytes, field: str, value: object) -> None:
    assert getattr(read_header(written(tmp_path, content)), field) == value


def test_file_types_are_those_of_the_gguf_package() -> None:
    known = {int(item): item.name.removeprefix("MOSTLY_").removeprefix("ALL_") for item in LlamaFileType}
    told = {number: name for number, name in enumerate(_FILE_TYPES) if name != "-"}

    assert {number: known[number] for number in told} == told


HUGE = 2**63
BROKEN = {
    "empty": (b"", "is truncated"),
    "something else": (b"PK\3\4 a zip", "is not a GGUF file"),
    "version 1": (gguf(*LLAMA, version=1), "is a GGUF of version 1"),
    "version 4": (gguf(*LLAMA, version=4), "is a GGUF of version 4"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 1, 1), "is a GGUF big-endian"),
    "no architecture": (gguf(TOKENIZER), "names no architecture"),
    "architecture of another kind": (gguf(number("general.architecture", 1)), "names no architecture"),
    "absurd many keys": (gguf(*LLAMA, counts=(1, HUGE)), "absurd count"),
    "absurd many tensors": (gguf(*LLAMA, counts=(HUGE, 4)), "absurd count"),
    "more tensors than it has": (gguf(*LLAMA, counts=(1000, 4)), "is "),
    "an absurd key": (gguf(*LLAMA)[:24] + struct.pack("<Q", HUGE), "absurd length"),
    "an absurd text": (gguf(("k", struct.pack("<IQ", 8, HUGE))), "is truncated"),
    "an absurd array": (gguf(("k", struct.pack("<IIQ", 9, 8, HUGE))), "absurd count"),
    "an array that goes past the end": (gguf(("k", struct.pack("<IIQ", 9, 4, 10_000))), "is truncated"),
    "an array of arrays": (gguf(("k", struct.pack("<IIQ", 9, 9, 1))), "array of the unknown type 9"),
    "a value of no type": (gguf(("k", struct.pack("<I", 77))), "value of the unknown type 77"),
    "five dimensions": (gguf(*LLAMA, tensors=(("t", (1, 1, 1, 1, 1), 0, 0),)), "a tensor of 5 dimensions"),
    "an absurd tensor": (gguf(*LLAMA, tensors=(("t", (HUGE, HUGE), 0, 0),)), "an absurd tensor"),
    "an offset past the end": (gguf(*LLAMA, tensors=(("t", (32,), Q4_0, HUGE),)), "is truncated"),
    "no alignment": (gguf(*LLAMA, number("general.alignment", 0)), "an impossible alignment"),
    "alignment of another kind": (gguf(*LLAMA, text("general.alignment", "x")), "an impossible alignment"),
    "cut inside the weights": (GOOD[:-1], f"is truncated: it has {len(GOOD) - 1} bytes and needs at least {len(GOOD)}"),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_with_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_header(written(tmp_path, content))

    assert words in caught.value.message
    assert caught.value.hint


def test_every_cut_of_a_good_file_is_found(tmp_path: Path) -> None:
    for length in range(len(GOOD)):
        with pytest.raises(Unusable):
            read_header(written(tmp_path, GOOD[:length]))


def test_what_the_gguf_package_writes_is_read(tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.gguf")
    tiny_adapter(tmp_path / "a.gguf")

    model, adapter = read_header(tmp_path / "m.gguf"), read_header(tmp_path / "a.gguf")
    assert (model.kind, model.tensors, model.parameters, model.context_length) == ("model", 12, 11_360, 64)
    assert (adapter.kind, adapter.tensors, adapter.quantization) == ("adapter", 2, "F16")
    whole = (tmp_path / "m.gguf").read_bytes()
    with pytest.raises(Unusable, match="is truncated"):
        read_header(written(tmp_path, whole[:-64]))


def test_the_sizes_of_tensor_types_are_those_of_the_gguf_package() -> None:
    known = {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}

    assert {**known, Q8_1: (32, 36)} == {**known, **_BLOCKS}
    assert set(known) == set(_BLOCKS)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="can't be read"):
        read_header(tmp_path)


PIECES = st.sampled_from([b"GGUF", GOOD, GOOD[:24], *(value for _, value in LLAMA), texts("k", "a")[1]]) | st.binary()
ANYTHING = st.binary(max_size=200) | st.lists(PIECES, max_size=6).map(b"".join)
DAMAGED = st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=9)).map(
    lambda damage: GOOD[: damage[0]] + damage[1] + GOOD[damage[0] + len(damage[1]) :]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None)
@given(content=ANYTHING | DAMAGED)
def test_the_reader_returns_a_header_or_refuses(tmp_path: Path, content: bytes) -> None:
    try:
        header = read_header(written(tmp_path, content))
    except Unusable:
        return
    assert header.architecture
