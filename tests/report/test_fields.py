"""How one value, and one difference, is shown."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.change import Action, Reason
from reconciler.core.facts import ABSENT, same
from reconciler.report.fields import field_rows, value_text
from tests.report.builders import change, field


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ABSENT, "(none)"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (0.7, "0.7"),
        ("1", "'1'"),
        ("\\", r"'\\'"),
        ("\n", r"'\n'"),
        (r"\n", r"'\\n'"),
        ("don't", '"don\'t"'),
        ("""'"\x1b""", r"""'\'"\x1b'"""),
        ("", "''"),
        ("sha256:" + "ab" * 32, "abababababab"),
        ("ab" * 32, "abababababab"),
        ("AB" * 32, f"'{'AB' * 32}'"),
        ((), "[]"),
        (("a", ("b", 1), None), "['a', ['b', 1], null]"),
    ],
)
def test_values_on_one_line(value, shown):
    assert value_text(value) == shown


def rows(*fields, drift=(), action=Action.UPDATE):
    return field_rows(change("m", action, Reason.SPEC_CHANGED, fields=fields, drift=drift))


texts = st.text(st.sampled_from("ab:\n\r \x1b"), max_size=90)
turns = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), texts), max_size=3).map(tuple)
values = st.just(ABSENT) | texts | turns | st.integers() | st.none() | st.booleans()


@given(st.sampled_from(["system", "messages", "parameters.x"]), values, values)
def test_what_differs_looks_different(path, before, after):
    if same(before, after):
        return
    (row,) = rows(field(path, before, after))
    assert row.lines or row.before != row.after
    assert all(line and line.isprintable() for line in (row.path, *row.lines))


def test_texts_that_differ_only_in_their_end_are_told_apart():
    (row,) = rows(field("system", "a\nb", "a\nb\n"))
    assert row.lines == ("@@ -1,2 +1,3 @@", " a", " b", "+")


def test_two_messages_are_not_one_with_a_line_break():
    one, two = (("user", "x\nuser: y"),), (("user", "x"), ("user", "y"))
    (row,) = rows(field("messages", one, two))
    assert row.lines == ("@@ -1,2 +1,2 @@", " user: x", "-  user: y", "+user: y")


def test_messages_that_are_none_are_still_shown():
    (row,) = rows(field("messages", ("odd",), 7))
    assert row.lines == ("@@ -1 +1 @@", "-?: odd", "+7")


def test_what_is_left_out_of_a_long_difference_is_counted():
    (row,) = rows(field("system", "x", "\n".join(str(number) for number in range(100))))
    assert len(row.lines) == 61
    assert row.lines[-1] == "… 42 more lines, all of them in the JSON report"


def test_a_long_line_is_shown_in_pieces_from_the_first_that_differs():
    before = "word " * 40_000
    (row,) = rows(field("system", before, before[:100_000] + "X" + before[100_001:]))
    assert row.lines == (
        "@@ -624,5 +624,5 @@",
        f" {'word ' * 32}…",
        f" {'word ' * 32}…",
        f"-{'word ' * 32}…",
        f"+Xord {'word ' * 31}…",
        f" {'word ' * 32}…",
        f" {'word ' * 32}…",
    )


@pytest.mark.parametrize("path", ["system", "messages", "parameters.stop"])
@pytest.mark.parametrize("text", ["x" * 200_000, "line\n" * 40_000, "\x1b" * 200_000])
def test_however_long_a_value_is_a_plan_shows_little_of_it_and_says_so(path, text):
    value = {"system": text, "messages": (("user", text),), "parameters.stop": (text,)}[path]
    (row,) = rows(field(path, after=value))
    assert len(row.lines) == 61
    assert sum(map(len, row.lines)) < 64 * 1024
    assert row.lines[-1] == "… and what follows, all of them in the JSON report"


def test_long_texts_that_differ_all_over_are_compared_in_no_time():
    before = [f"line {number}" for number in range(50_000)]
    after = [f"x {line}" if number % 7 == 3 else line for number, line in enumerate(before)]
    began = time.monotonic()
    (row,) = rows(field("system", "\n".join(before), "\n".join(after)))
    assert time.monotonic() - began < 5
    assert row.lines[:4] == ("@@ -2,5 +2,5 @@", " line 1", " line 2", "-line 3")
    assert row.lines[-1].startswith("… and what follows")


@given(st.lists(st.sampled_from("ab"), max_size=12), st.lists(st.sampled_from("ab"), max_size=12))
def test_a_hunk_says_where_it_is(before, after):
    if before == after:
        return
    (row,) = rows(field("messages", *(tuple(("user", mark) for mark in side) for side in (before, after))))
    for hunk in "\n".join(row.lines).split("@@ -")[1:]:
        head, *lines = hunk.splitlines()
        old, new = (int(number) for number in re.match(r"(\d+)(?:,\d+)? \+(\d+)", head).groups())
        for side, first, mark in ((before, old, "-"), (after, new, "+")):
            shown = [line[-1] for line in lines if line[0] in f" {mark}"]
            at = first - 1 if shown else 0
            assert side[at : at + len(shown)] == shown


def test_drift_comes_first_and_is_told_apart():
    found = rows(field("system", "a", "b"), drift=(field("system", "evil", "a"),))
    assert [(row.drifted, row.before, row.after) for row in found] == [(True, "'evil'", "'a'"), (False, "'a'", "'b'")]


def test_a_new_model_is_not_shown_by_its_digests():
    fields = (field("weights", after=("sha256:" + "a" * 64,)), field("system", after="x"))
    assert [row.path for row in rows(*fields, action=Action.CREATE)] == ["system"]
    assert [row.path for row in rows(*fields)] == ["weights", "system"]


def test_what_differs_only_far_below_is_shown():
    lines = "a\n" * 6000
    (row,) = rows(field("system", lines, lines + "b"))
    assert row.lines == ("@@ -5999,3 +5999,3 @@", " a", " a", "-", "+b")


def test_values_of_different_types_that_look_alike_are_cut_too():
    (row,) = rows(field("parameters.x", 10**300, (10**300,)))
    assert (row.lines, row.before) == ((), f"{str(10**300)[:160]}… 141 more characters")


def test_of_very_many_fields_the_first_are_shown():
    found = rows(*(field(f"parameters.p{number}", after=1) for number in range(150)))
    assert len(found) == 101
    assert found[-1].lines == ("all of them in the JSON report",)
