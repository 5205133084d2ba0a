"""Text from outside in Markdown: whatever it is, a reader sees that text, and nothing else becomes of it."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.report.marks import LONGEST, code, comment, fenced, prose
from reconciler.report.text import safe
from tests.report.rendered import assert_harmless, page

NASTY = (
    "`", "``", "```", "|", "||", "\\", "\\|", "<", ">", "</details>", "<!--", "-->", "<script>", "*", "**", "_",
    "[x](y)", "![", "~~", "@team", "@", "#12", "org/x#1", "GH-12", "https://evil.example", "www.evil.example",
    "a@b.example", "$x$", ":b:", "&amp;", "&#64;", "\n", "\r", "\n\n", "- ", "+ ", "1. ", "2) ", "===", "---", "|---|",
    "> ", "\t",
    "\u202e", "\u2066", "\u200b", "\x1b[2J", "  ", "漢", "e\u0301", "\udcff", "a", "one two", ".",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=3)), max_size=12).map("".join)


def bare(text):
    """Return a text without spaces, and without what makes words of it code."""
    return re.sub(r"[\s`]", "", text)


@given(TEXTS)
@example("`a`@b")
@example("`x``y` @z")
@example("it said: `|`")
@example("1. one")
@example("12) two")
def test_what_is_read_is_what_was_given_in_a_line_and_in_a_cell(text):
    for make in (prose, code):
        shown = make(text)
        assert "\n" not in shown
        for around in (f"{shown}\n", f"- {shown}\n", f"> {shown}\n", f"word {shown} word\n"):
            found = page(around)
            assert_harmless(found, tags=())
            assert bare(found.text.replace("word", "")) == bare(safe(text).replace("word", ""))
        found = page(f"| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n| x | {shown} | {shown} |  | | y |\n")
        (row,) = found.rows
        assert_harmless(found, tags=())
        assert (row[0], row[3], row[5]) == ("x", "", "y")
        assert bare(row[1]) == bare(row[2]) == bare(safe(text))


@given(st.lists(TEXTS.map(safe), max_size=5))
def test_nothing_ends_a_block_of_code_but_its_end(lines):
    found = page(f"before\n\n{fenced(lines, 'diff')}\nafter\n")
    assert found.fences == [("diff", "\n".join(lines) + "\n")]
    assert found.text == "before\nafter\n"


@given(TEXTS)
def test_nothing_ends_a_comment_but_its_end(text):
    made = comment(text)
    assert made.startswith("<!-- ")
    assert made.count("-->") == 1
    assert made.endswith(" -->")
    found = page(f"{made}\n\nafter\n")
    assert (found.tags, found.text) == ([made], "after\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("owned, no longer declared", "owned, no longer declared"),
        ("`reconciler lock` adds it", "`reconciler lock` adds it"),
        ("huggingface org/x@main (3f1c9a2)", "huggingface `org/x@main` (3f1c9a2)"),
        ("ask @team, or see #12.", "ask `@team`, or see `#12`."),
        ("see https://x.example/y?", "see `https://x.example/y`?"),
        ("(2026-11-22T12:00:00Z)", "(2026-11-22T12:00:00Z)"),
        ("(ask @team)", "(ask `@team`)"),
        ("(@team) :b: :100:", "(`@team`) `:b`: `:100`:"),
        ("set $HF_TOKEN", "set `$HF_TOKEN`"),
        ("num_ctx is 4*2", "num\\_ctx is 4\\*2"),
        ("an odd ` mark", "an odd &#96; mark"),
        ("a|b", "a&#124;b"),
        ("`a|b`", "`a`&#124;`b`"),
        ("- x", "\\- x"),
        ("1. x", "1\\. x"),
        ("0.9.3", "0.9.3"),
        ("a\nb\u202ec", "a\\\\nb\\\\u202ec"),
        ("", ""),
    ],
)
def test_prose_stays_readable_as_it_is_written(text, shown):
    assert prose(text) == shown


def test_what_is_long_is_cut_before_it_is_marked():
    assert prose("x" * 9000) == "x" * (LONGEST - 1) + "…"
    assert code("x" * 9000) == f"`{'x' * (LONGEST - 1)}…`"
    assert len(prose("|" * 9000)) < 7 * LONGEST


def test_no_text_is_no_code():
    assert code("") == code("  ") == ""
