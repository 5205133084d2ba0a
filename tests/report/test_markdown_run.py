"""What came of a run as a comment: what did not work first, nothing from outside but text, and never too long."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.change import Action
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.report.comment import MOST
from reconciler.report.markdown_run import run_markdown
from tests.report.builders import address, plan, silent
from tests.report.cases import OUTCOMES, RUNS
from tests.report.rendered import assert_harmless, page
from tests.report.test_marks import TEXTS

EMPTY = plan(hosts=())
MARK = "<!-- reconciler apply: manifests -->"


@pytest.mark.parametrize("title", RUNS)
def test_every_outcome_has_a_row(title):
    text = run_markdown(EMPTY, RUNS[title], "manifests")
    found = page(text)
    assert text.startswith(f"{MARK}\n\nRun ")
    assert_harmless(found, tags=(MARK,))
    assert sorted(row[1] for row in found.rows) == sorted(str(item.address.model) for item in RUNS[title].outcomes)


def test_the_verdict_and_the_first_rows_are_what_did_not_work():
    text = run_markdown(EMPTY, RUNS["mixed"], "manifests")
    assert text.splitlines()[2].endswith(": 2 applied, **1 failed**, **1 skipped**, **1 refused**. 98.4 MB moved.")
    assert "> [!WARNING]\n> **This run is incomplete" in text
    assert [row[3] for row in page(text).rows] == ["failed", "skipped", "applied", "applied", "refused"]
    late = replace(OUTCOMES[2], address=address("c", "z"))
    rows = page(run_markdown(EMPTY, RunResult("r", (OUTCOMES[0], late), complete=True), "manifests")).rows
    assert [row[3] for row in rows] == ["failed", "applied"]


def test_hosts_that_were_silent_are_named():
    made = plan(unobserved=(silent("b"),), hosts=())
    text = run_markdown(made, RunResult("r", (), complete=False), "manifests")
    assert "> - host `b` `http://b.example:11434`: no connection" in text


def test_failures_are_kept_longest_where_a_comment_is_too_long():
    done = tuple(Outcome(address(f"m{nth}"), Action.CREATE, Status.APPLIED) for nth in range(2000))
    bad = tuple(replace(OUTCOMES[2], address=address(f"z{nth}")) for nth in range(5))
    text = run_markdown(EMPTY, RunResult("r", (*done, *bad), complete=True), "manifests")
    rows = page(text).rows
    assert len(text) <= MOST
    assert [row[3] for row in rows[:5]] == ["failed"] * 5
    assert f"Left out: {2005 - len(rows)} other changes.**" in text


@settings(max_examples=25)
@given(st.lists(TEXTS, min_size=2, max_size=2), st.integers(1, 40))
def test_no_text_of_a_server_becomes_more_than_text(texts, times):
    message, hint = (text * times for text in texts)
    outcome = Outcome(address("m"), Action.UPDATE, Status.FAILED, message=message, hint=hint)
    found = page(run_markdown(EMPTY, RunResult("r", (outcome,), complete=True), "manifests"))
    assert_harmless(found, tags=(MARK,))
    assert len(found.rows) == 1
