"""Strict YAML: what JSON can say is read as JSON reads it, and nothing else gets through unnoticed."""

import json
import re
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest import scalars
from reconciler.manifest.files import decode
from reconciler.manifest.load import load
from reconciler.manifest.rules import Rule
from reconciler.manifest.tree import Json
from reconciler.manifest.yaml_tree import documents

OTHERS = "\ufffe\uffff\u2028\u2029"  # refused, or lines of their own to YAML
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=OTHERS), max_size=12)
NUMBERS = st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
EXPONENT = re.compile(r"\b[0-9]+[eE][-+]?[0-9]+\b")
YAMLISH = st.text(st.sampled_from("ab01 \n\t:-?[]{},&*!|>'\"%@#~<.=\\"), max_size=40)
VALID = (Path(__file__).parent / "cases" / "valid" / "everything.yaml").read_text(encoding="utf-8")


def load_text(content: bytes) -> str:
    """Tell how loading a lone manifest ends; the loader may refuse it, but raise nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.yaml")
        file.write_bytes(content)
        try:
            load([file])
        except ManifestError as error:
            return "refused" if error.diagnostics else "refused for nothing"
        return "loaded"


@given(DATA)
def test_json_is_read_as_json(data: Json) -> None:
    (document,) = documents(json.dumps(data, ensure_ascii=False), "a.yaml")
    assert document.root is not None
    assert document.findings == ()
    assert document.root.value == data
    assert type(document.root.value) is type(data)


@given(DATA)
def test_dumped_yaml_is_read_the_same_or_found_ambiguous(data: Json) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    assume(not EXPONENT.search(text))  # 0E0 is text to YAML 1.1, which dumps it bare, and a number to JSON and to us
    (document,) = documents(text, "a.yaml")
    assert document.root is not None
    assert {item.code for item in document.findings} <= {Rule.AMBIGUOUS_SCALAR.value}
    assert document.root.value == data


@given(DATA)
def test_every_value_knows_its_place(data: Json) -> None:
    text = json.dumps({"key": data}, ensure_ascii=False, indent=1)
    (document,) = documents(text, "a.yaml")
    assert document.root is not None
    node = document.root.at(["key"])
    line = text.split("\n")[node.location.line - 1]
    assert line[node.location.column - 1 :].startswith(json.dumps(data, ensure_ascii=False, indent=1).split("\n")[0])


@given(st.from_regex(r"[-+~=.0-9a-zA-Z_:<]{1,12}", fullmatch=True))
@example("y")
@example("Off")
@example("YES")
@example("True")
@example("NULL")
@example("~")
@example("0o17")
@example("08")
@example("1e3")
@example("190:20:30.15")
@example("2001-12-14t21:59:43.10-05:00")
@example("+.INF")
def test_what_yaml_reads_as_more_than_text_is_json_or_refused(text: str) -> None:
    try:
        value = scalars.plain(text)
    except scalars.Ambiguous:
        return
    theirs = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    if isinstance(value, str):
        assert value == text
        assert theirs in {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}
    else:
        assert value == json.loads(text)


@pytest.mark.parametrize("text", ["llama3.2:1b", "no-op", "1.2.3", "v1", "2024", "-", "a b", "nowhere", "e5", "10m"])
def test_ordinary_words_stay_text_or_numbers(text: str) -> None:
    assert str(scalars.plain(text)) == text


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_no_bytes_break_the_loader(content: bytes) -> None:
    load_text(content)


@settings(max_examples=500)
@given(YAMLISH)
def test_no_text_breaks_the_loader(text: str) -> None:
    load_text(text.encode())


@settings(max_examples=300)
@given(st.integers(0, len(VALID)), st.integers(0, 12), YAMLISH)
def test_no_damage_to_a_manifest_breaks_the_loader(start: int, length: int, other: str) -> None:
    load_text((VALID[:start] + other + VALID[start + length :]).encode())


@settings(max_examples=300)
@given(st.sampled_from(["Model", "FineTune", "Host"]), DATA, DATA, st.data())
def test_no_data_under_a_known_kind_breaks_the_loader(
    kind: str, metadata: Json, spec: Json, data: st.DataObject
) -> None:
    keys = ["name", "labels", "source", "base", "url", "examples", "hosts", "parameters", "license", "auth", "adapter"]
    inside = data.draw(st.dictionaries(st.sampled_from(keys), DATA, max_size=4))
    for part in (spec, inside):
        text = json.dumps({"apiVersion": "reconciler/v1", "kind": kind, "metadata": metadata, "spec": part})
        assert load_text(text.encode()) == "refused"


def test_control_characters_are_refused_wherever_they_stand() -> None:
    for code in [*range(9), 11, 12, *range(14, 32), 127, 128, 0x9F, 0xFFFE]:
        found = decode(f"a\nb{chr(code)}".encode(), "a.yaml")
        assert not isinstance(found, str)
        assert (found.code, str(found.location)) == ("control-character", "a.yaml:2:2")


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_what_ends_a_line_in_yaml_only_is_refused_and_can_be_written(sign: str) -> None:
    (document,) = documents(f'a: 1\nb: "x {sign} y"\n', "a.yaml")
    (found,) = document.findings
    assert (found.code, str(found.location)) == ("control-character", "a.yaml:2:7")
    escape = found.hint.rpartition(" ")[2]
    (document,) = documents(f'b: "x {escape} y"\n', "a.yaml")
    assert document.root is not None
    assert document.root.value == {"b": f"x {sign} y"}


def test_depth_is_refused_before_it_breaks_the_parser() -> None:
    for text in ("[" * 1_000_000, "- " * 1_000_000, "{a: " * 500_000, "? " * 500_000):
        (document,) = documents(text, "a.yaml")
        assert [item.code for item in document.findings] == ["too-deep"]


def test_what_is_inside_a_document_is_there_even_where_some_of_it_is_wrong() -> None:
    (document,) = documents("{<<: 0, yes: 1, 2: 3, [x]: 4, a: b, 'a': c, \"\": [5, {d: null}]}", "a.yaml")
    root = document.root
    assert root is not None
    assert not document.sound
    assert root.value == {"yes": 1, "a": "b", "": [5, {"d": None}]}
    assert {key: (node.value, node.raw) for key, node in root.children.items()} == {
        "yes": (1, "1"),
        "a": ("b", ""),
        "": ([5, {"d": None}], ""),
    }
    assert {key: where.column for key, where in root.keys.items()} == {"yes": 9, "a": 31, "": 45}
    inner = root.at(["", 1, "d"])
    assert (inner.value, inner.raw, inner.location.column) == (None, "null", 57)
    assert (inner.children, inner.keys) == ({}, {})
