"""How one value, and one difference, is shown."""

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


def test_drift_comes_first_and_is_told_apart():
    found = rows(field("system", "a", "b"), drift=(field("system", "evil", "a"),))
    assert [(row.drifted, row.before, row.after) for row in found] == [(True, "'evil'", "'a'"), (False, "'a'", "'b'")]


def test_a_new_model_is_not_shown_by_its_digests():
    fields = (field("weights", after=("sha256:" + "a" * 64,)), field("system", after="x"))
    assert [row.path for row in rows(*fields, action=Action.CREATE)] == ["system"]
    assert [row.path for row in rows(*fields)] == ["weights", "system"]


def test_endless_values_are_shown_by_their_beginning():
    (row,) = rows(field("parameters.x", "a" * 10_000, "b"))
    assert row.lines == ("@@ -1 +1 @@", f"-{'a' * 499}… 9501 more characters", "+b")


def test_what_differs_only_far_below_is_said_to_differ():
    lines = "a\n" * 6000
    (row,) = rows(field("system", lines, lines + "b"))
    assert row.lines == ("… they differ after 5000 lines, all of them in the JSON report",)


def test_of_very_many_fields_the_first_are_shown():
    found = rows(*(field(f"parameters.p{number}", after=1) for number in range(150)))
    assert len(found) == 101
    assert found[-1].lines == ("all of them in the JSON report",)
