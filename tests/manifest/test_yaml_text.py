"""What is written as YAML is read back as it was, and looks as a person would have written it."""

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifest.yaml_text import comment, commented, yaml_text
from reconciler.manifest.yaml_tree import documents

_FRAGMENTS = (
    *("a", "no", "1:30", "0x1F", "~", "null", "- ", ": ", " #", "#", "'", '"', "\\", "{", "]", "&", "*", "!", "|", ">"),
    *(
        "%",
        "@",
        "`",
        "---",
        "...",
        "<<",
        "\n",
        " ",
        "\t",
        "\r",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "é",
        "😀",
    ),
)
TEXTS = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=3), max_size=7).map("".join)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    TEXTS | NUMBERS | st.booleans() | st.none(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(data=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
@example(data={"a": [{"b": " x\ny", "c": [["\n z"], []]}, {}]})
def test_everything_is_read_back_as_it_was(data):
    text = yaml_text(data)
    (found,) = documents(text, "x")
    assert found.findings == ()
    assert found.root is not None
    assert found.root.value == data
    assert yaml.safe_load(text).keys() == data.keys()  # the other parser of the library agrees


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "a: plain\n"),
        ("Two words, and (more).", "a: Two words, and (more).\n"),
        ("smollm2:135m", "a: smollm2:135m\n"),
        ("{{ .Prompt }}", 'a: "{{ .Prompt }}"\n'),
        ("no", 'a: "no"\n'),
        ("1.0", 'a: "1.0"\n'),
        ("key: value", 'a: "key: value"\n'),
        ("", 'a: ""\n'),
        ("tab\there", 'a: "tab\\there"\n'),
        ("two\nlines", "a: |-\n  two\n  lines\n"),
        ("two\n\nlines\n", "a: |\n  two\n\n  lines\n"),
        (" indented\nlines", "a: |2-\n   indented\n  lines\n"),
        ("much space\n\n", 'a: "much space\\n\\n"\n'),
        ("bell\x07\nline", 'a: "bell\\x07\\nline"\n'),
        ("\u200b\U000e0001", 'a: "\\u200b\\U000e0001"\n'),
        ([1, 0.5, True, None], "a:\n  - 1\n  - 0.5\n  - true\n  - null\n"),
        ([{"b": "c", "d": "e"}], "a:\n  - b: c\n    d: e\n"),
        ([], "a: []\n"),
        ({}, "a: {}\n"),
    ],
)
def test_each_value_stands_in_its_simplest_form(value, written):
    assert yaml_text({"a": value}) == written


def test_half_a_character_is_refused():
    with pytest.raises(ValueError, match="half of a character"):
        yaml_text({"a": "x\ud800"})


@given(texts=st.lists(TEXTS | st.text(max_size=300), max_size=4))
def test_a_comment_is_nothing_but_a_comment(texts):
    written = comment(texts)
    assert all(line == "#" or line.startswith("# ") for line in written.split("\n")[:-1])
    assert written.isprintable() or set(written) - {"\n"} <= {mark for mark in written if mark.isprintable()}
    assert list(documents(written, "x")) == []


def test_long_comments_are_wrapped_and_yaml_can_be_put_into_one():
    assert max(map(len, comment(["word " * 60]).splitlines())) <= 112
    assert commented("a: |\n  b\n\n  c\n") == "# a: |\n#   b\n#\n#   c\n"
