"""Choosing one GGUF of many: tables of what is in a repo, what is asked for, and what is taken or said."""

import pytest

from reconciler.core.digest import Digest
from reconciler.errors import Ambiguous, NotFound, ResolutionError, Unusable
from reconciler.sources._files.listed import ListedFile, human
from reconciler.sources._hugging_face.choice import choose


def files(*paths: str) -> list[ListedFile]:
    return [ListedFile(path, 1_000_000 * (number + 1), Digest.of(path.encode())) for number, path in enumerate(paths)]


QUANTIZATIONS = {
    "m-Q4_K_M.gguf": "Q4_K_M",
    "m.Q4_K_M.gguf": "Q4_K_M",
    "m_q4_k_m.gguf": "Q4_K_M",
    "Q8_0/m-Q8_0-00001-of-00002.gguf": "Q8_0",
    "m-UD-Q4_K_XL.gguf": "UD-Q4_K_XL",
    "m-IQ3_XXS.gguf": "IQ3_XXS",
    "m-Q4_0_4_4.gguf": "Q4_0_4_4",
    "m-Q4_K_M-imat.gguf": "Q4_K_M",
    "m-f16.gguf": "F16",
    "m-BF16.gguf": "BF16",
    "m-fp16.gguf": "FP16",
    "m-MXFP4_MOE.gguf": "MXFP4_MOE",
    "m-TQ1_0.gguf": "TQ1_0",
    "qwen2.5-7b-instruct.gguf": "",
    "f16.gguf": "F16",
}


@pytest.mark.parametrize(("path", "quantization"), QUANTIZATIONS.items())
def test_the_quantisation_is_read_from_the_name(path: str, quantization: str) -> None:
    assert files(path)[0].quantization == quantization


PARTS = (*(f"x/m-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)), "m-Q4_0.gguf")
TAKEN = {
    "Q4_K is not Q4_K_M": (("m-Q4_K.gguf", "m-Q4_K_M.gguf"), None, "Q4_K", "m-Q4_K.gguf"),
    "in any case": (("m-q8_0.gguf", "m-Q4_0.gguf"), None, "Q8_0", "m-q8_0.gguf"),
    "not its projector": (("m-F16.gguf", "mmproj-m-F16.gguf"), None, "f16", "m-F16.gguf"),
    "not its shards": (("m-Q4_0.gguf", "m-Q4_0-00001-of-00002.gguf"), None, "Q4_0", "m-Q4_0.gguf"),
    "dynamic, where there is no other": (("m-UD-Q4_K_XL.gguf",), None, "Q4_K_XL", "m-UD-Q4_K_XL.gguf"),
    "exact, before dynamic": (("m-UD-Q4_K_M.gguf", "m-Q4_K_M.gguf"), None, "Q4_K_M", "m-Q4_K_M.gguf"),
    "the only one": (("m.gguf", "mmproj.gguf", "README.md"), None, None, "m.gguf"),
    "all parts, by quantisation": (PARTS, None, "Q8_0", PARTS[0]),
    "all parts, by the name of one": (PARTS, PARTS[2], None, PARTS[0]),
    "all parts, where there is no other": (PARTS[:3], None, None, PARTS[0]),
    "the only part there is": (("m-00001-of-00001.gguf",), None, None, "m-00001-of-00001.gguf"),
    "by name": (("a/m-Q4_0.gguf", "m-Q4_0.gguf"), "a/m-Q4_0.gguf", None, "a/m-Q4_0.gguf"),
}


@pytest.mark.parametrize(("paths", "file", "quantization", "taken"), TAKEN.values(), ids=TAKEN)
def test_one_file_is_taken(paths: tuple[str, ...], file: str | None, quantization: str | None, taken: str) -> None:
    assert choose("o/r", files(*paths), file, quantization).path == taken


ELSEWHERE = "(choose another file, or a revision that has all of them)"
REFUSED = {
    "none of that quantisation": (
        ("m-Q8_0.gguf", "m-Q4_0.gguf"), None, "Q5_0", NotFound,
        "o/r has no Q5_0; it has m-Q8_0.gguf (Q8_0, 1.0 MB), m-Q4_0.gguf (Q4_0, 2.0 MB) (choose one of these)",
    ),
    "two of that quantisation": (
        ("a-Q4_0.gguf", "b-Q4_0.gguf"), None, "Q4_0", Ambiguous,
        "o/r has 2 files of Q4_0: a-Q4_0.gguf (Q4_0, 1.0 MB), b-Q4_0.gguf (Q4_0, 2.0 MB) (name one with `file:`)",
    ),
    "nothing said, two there": (
        ("a-Q4_0.gguf", "b.gguf"), None, None, Ambiguous,
        ("o/r has 2 files: a-Q4_0.gguf (Q4_0, 1.0 MB), b.gguf (quantisation unknown, 2.0 MB)"
        " (name one with `file:` or with `quantization:`)"),
    ),
    "only in parts": (
        ("Q8_0/m-Q8_0-00001-of-00003.gguf", "m-Q4_0.gguf"), None, "Q8_0", Unusable,
        ("o/r has 1 of 3 parts of Q8_0/m-Q8_0.gguf, and not Q8_0/m-Q8_0-00002-of-00003.gguf"
        f" {ELSEWHERE}"),
    ),
    "a part by name": (
        ("m-00002-of-00003.gguf",), "m-00002-of-00003.gguf", None, Unusable,
        f"o/r has 1 of 3 parts of m.gguf, and not m-00001-of-00003.gguf {ELSEWHERE}",
    ),
    "numbers that are none": (
        ("m-00000-of-00002.gguf", "m-00003-of-00002.gguf"), None, None, Unusable,
        f"o/r has 2 of 2 parts of m.gguf, and not m-00001-of-00002.gguf {ELSEWHERE}",
    ),
    "in parts twice": (
        tuple(f"{name}-Q8_0-0000{n}-of-00002.gguf" for name in "ab" for n in (1, 2)), None, "Q8_0", Ambiguous,
        ("o/r has 2 files of Q8_0: a-Q8_0-00001-of-00002.gguf (Q8_0, 2 parts, 3.0 MB),"
        " b-Q8_0-00001-of-00002.gguf (Q8_0, 2 parts, 7.0 MB) (name one with `file:`)"),
    ),
    "one whole, another in parts": (
        ("a-Q4_0.gguf", "a-Q8_0-00001-of-00002.gguf", "a-Q8_0-00002-of-00002.gguf"), None, None, Ambiguous,
        ("o/r has 2 files: a-Q4_0.gguf (Q4_0, 1.0 MB), a-Q8_0-00001-of-00002.gguf (Q8_0, 2 parts, 5.0 MB)"
        " (name one with `file:` or with `quantization:`)"),
    ),
    "a name that is close": (
        ("m-Q4_0.gguf",), "m-Q4_O.gguf", None, NotFound, "o/r has no file m-Q4_O.gguf (did you mean m-Q4_0.gguf?)",
    ),
    "a name that is not": (
        ("m-Q4_0.gguf",), "zzz", None, NotFound, "o/r has no file zzz (it has m-Q4_0.gguf (Q4_0, 1.0 MB))",
    ),
    "no GGUF by name": (
        ("README.md", "m-Q4_0.gguf"), "README.md", None, Unusable,
        "Model needs GGUF format: README.md is not a GGUF (o/r has m-Q4_0.gguf (Q4_0, 2.0 MB))",
    ),
    "a projector by name": (
        ("mmproj-F16.gguf",), "mmproj-F16.gguf", None, Unusable,
        "mmproj-F16.gguf is a companion of a model, not a model (o/r has mmproj-F16.gguf (F16, 1.0 MB))",
    ),
    "companions only": (
        ("mmproj-F16.gguf",), None, None, NotFound,
        "o/r has only companions of models; it has mmproj-F16.gguf (F16, 1.0 MB) (choose one of these)",
    ),
    "safetensors only": (
        ("model.safetensors", "pytorch_model.bin"), None, "Q4_0", Unusable,
        ("Model needs GGUF format: o/r has safetensors only (look for a repo of the same model with GGUF in its name,"
        " or convert it with llama.cpp's convert_hf_to_gguf.py and use `gguf:`)"),
    ),
    "pickles only": (
        ("pytorch_model.bin",), None, None, Unusable,
        ("Model needs GGUF format: o/r has pickled weights only (pickles can run code and are never loaded;"
        " look for a repo of the same model with GGUF in its name)"),
    ),
    "no weights": (
        ("README.md",), "m.gguf", None, Unusable,
        "Model needs GGUF format: o/r has no weights at all (check the spelling of the repo)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "file", "quantization", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_what_there_is(
    paths: tuple[str, ...], file: str | None, quantization: str | None, kind: type[ResolutionError], words: str
) -> None:
    with pytest.raises(ResolutionError) as caught:
        choose("o/r", files(*paths), file, quantization)

    assert type(caught.value) is kind
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (98_362_432, "98.4 MB"),
        (4_920_000_000, "4.9 GB"),
        (2e12, "2.0 TB"),
    ],
)
def test_sizes_are_for_people(size: int, words: str) -> None:
    assert human(size) == words
