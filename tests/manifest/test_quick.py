"""What passes without words is exactly what gets no findings: two libraries, one verdict."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import Diagnostic
from reconciler.manifest import schema
from reconciler.manifest.files import read_text
from reconciler.manifest.folder import Folder
from reconciler.manifest.quick import Quick
from reconciler.manifest.tree import Json, Node
from reconciler.manifest.yaml_tree import documents

ROOT = Path(__file__).parents[2]
FILES = sorted(file for top in ("tests", "manifests") for file in (ROOT / top).rglob("*.y*ml") if file.is_file())
KINDS = (*schema.kinds(), None)
HOME = Folder(str((ROOT / "tests" / "manifest" / "cases" / "valid").resolve()))


def _documents(file: Path) -> list[Node]:
    text = read_text(file, file.name)
    if isinstance(text, Diagnostic):
        return []
    found = list(documents(text, file.name))
    return [one.root for one in found if one.root is not None and one.sound and isinstance(one.root.value, dict)]


SEEDS = [document.value for file in FILES for document in _documents(file)]
SEEDS += 3 * [document.value for document in _documents(Path(HOME.path, "everything.yaml"))]
NUMBERS = st.integers(-3, 3) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
NUMBERS |= st.sampled_from([2**53, 2**53 + 1, 2**64, -(2**63) - 1, 10**400, 1e308, 1.0, 0.1, 1.0000000000000002])
GIVEN = r"""reconciler/v1 Model FineTune Host Policy m:cloud reconciler-staging/m a/b A.b http://h http://u:p@h HF_TOKEN
    TOKEN Q4_K_M q8_0 F32 30s 0s 9999m 100% 101% 50%\n 6GiB 6GiB\n 1B B 5XB owned never auto main .. a..b ../x
    everything.yaml /etc/passwd user system assistant best all safetensors gguf é İ ſ \n \x00"""
WORDS = [word.replace(r"\n", "\n").replace(r"\x00", "\0") for word in GIVEN.split()] + ["", " ", "\ud800"]
NAMED = """name labels source sources ollama gguf huggingface safetensors blob repo revision quantization file path
    mmproj sha256 format relay insecure template templateFile system license messages role content adapter base examples
    user examplesFrom hosts matchLabels test prompt expect embedding dimensions url auth headerEnv tls limits é"""
KEYS = [*NAMED.split(), "\ud800"]
LONG = ["x" * 80, "é" * 81]
SCALARS = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS + LONG) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> Json:
    """Draw a document in which up to three values, at any depth, were replaced, added or removed."""
    document: Json = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        document = _changed(document, draw)
    return document


def _changed(value: Json, draw: st.DrawFn) -> Json:
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 5)) == 0:
        return draw(VALUES | st.sampled_from(_neighbours(value)))
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = draw(st.sampled_from(places))
    items = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    match draw(st.sampled_from(["deeper", "deeper", "deeper", "add", "remove"])):
        case "deeper":
            items[place] = _changed(items[place], draw)
        case "add":
            items[draw(st.sampled_from(KEYS)) if isinstance(value, dict) else len(items)] = draw(VALUES)
        case _:
            del items[place]
    return items if isinstance(value, dict) else list(items.values())


def _neighbours(value: Json) -> list[Json]:
    """Return what is hardly another value."""
    match value:
        case str():
            return [f"{value}\n", f" {value}", value.upper(), value[:-1], f"{value}\u0661", 30 * value]
        case int() | float() if not isinstance(value, bool) and abs(value) < 1e300:
            return [value + 1, -value, float(value), value + 0.5, str(value), bool(value)]
        case _:
            return [value]


def _refused(document: Json, kind: str | None) -> list[str]:
    """Return what jsonschema says about a document."""
    validator = schema._validator(kind).evolve(format_checker=schema._Formats(HOME))
    return [error.message for error in validator.iter_errors(document)]


def _agree(document: Json, kind: str | None) -> None:
    quick = schema._quick(kind)
    assert quick is not None
    told, passes = _refused(document, kind), quick.passes(document, HOME)
    if "\\ud800" in ascii(document):  # the one library can't be given it, and leaves it to the other
        assert not (passes and told)
    else:
        assert passes == (told == []), told


@pytest.mark.parametrize("kind", KINDS)
def test_every_document_of_the_tests_and_the_examples_gets_one_verdict_by_every_schema(kind: str | None) -> None:
    for document in SEEDS:
        _agree(document, kind)


@settings(max_examples=600, deadline=None)
@given(nearly_valid(), st.sampled_from(["its own", *KINDS]))
def test_a_document_that_is_nearly_valid_gets_one_verdict(document: Json, kind: str | None) -> None:
    if kind == "its own":
        given = document.get("kind") if isinstance(document, dict) else None
        kind = given if isinstance(given, str) and given in schema.kinds() else None
    _agree(document, kind)


def test_there_are_documents_of_both_sorts() -> None:
    known = [document for document in SEEDS if isinstance(document, dict) and document.get("kind") in schema.kinds()]
    assert {_refused(document, str(document["kind"])) == [] for document in known} == {True, False}


def test_without_the_quick_library_every_document_gets_the_same_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [document for file in FILES for document in _documents(file)]
    told = [schema.judge(document, HOME) for document in found]
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    schema._quick.cache_clear()
    try:
        assert [schema.judge(document, HOME) for document in found] == told
        assert schema._quick("Model") is None
    finally:
        schema._quick.cache_clear()
    assert {findings == () for findings in told} == {True, False}


def test_half_a_character_is_left_to_the_one_with_words() -> None:
    quick = Quick({"type": "string", "minLength": 1})
    assert quick.passes("whole", HOME)
    assert not quick.passes("\ud800", HOME)
