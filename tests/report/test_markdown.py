"""A plan as a comment: the verdict first, the loud before the rest, from outside only text, and never too long."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.change import Action, Reason
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.safety import Violation
from reconciler.errors import ReconcilerError
from reconciler.report.comment import MOST, error_markdown, findings_markdown
from reconciler.report.markdown import plan_markdown
from tests.report.builders import change, create, desired, field, host, in_sync, name, plan, silent
from tests.report.cases import PLANS
from tests.report.rendered import assert_harmless, page
from tests.report.test_marks import TEXTS

MARK = "<!-- reconciler plan: manifests -->"
FOLDED = "<details><summary>{} changes that delete and refuse nothing</summary>"
TAGS = (
    MARK,
    "<details><summary>Details</summary>",
    "<details><summary>Outdated: what upstream offers instead</summary>",
    "<details><summary>Graph</summary>",
    "</details>",
)
REGISTRY = "sqlite:///srv/registry.db"


def shown(made):
    """Return a plan as a comment, and what a reader sees of it."""
    text = plan_markdown(made, "manifests", REGISTRY)
    return text, page(text)


@pytest.mark.parametrize("title", PLANS)
def test_every_plan_is_a_page_of_which_nothing_breaks_out(title):
    text, found = shown(PLANS[title])
    assert text.startswith(f"{MARK}\n\n")
    assert text.endswith("</sub>\n")
    assert "\n\n\n" not in text
    assert_harmless(found, tags=TAGS)
    assert found.tags.count("</details>") == sum(tag.startswith("<details>") for tag in found.tags)


@pytest.mark.parametrize("title", PLANS)
def test_every_change_has_a_row_and_deletes_and_refusals_come_first(title):
    made = PLANS[title]
    rows = shown(made)[1].rows
    told = [] if title in {"only_records"} else [item for item in made.changes if item.action is not Action.NO_OP]
    assert sorted(row[1] for row in rows) == sorted(str(item.address.model) for item in told)
    loud = [row[0] in "-!" for row in rows]
    assert loud == sorted(loud, reverse=True)


def test_the_verdict_is_one_line_and_loud_about_what_is_lost():
    verdict = plan_markdown(PLANS["everything"], "manifests").splitlines()[2]
    assert verdict == (
        "Plan: 1 to create, 1 to update, **1 to delete**, 1 to adopt, 1 to forget, **1 refused**."
        " 0 B to move, disk −4.1 GB."
    )
    hostile = plan_markdown(PLANS["hostile"], "manifests").splitlines()[2]
    assert hostile.startswith("**Unsafe.** **Incomplete.** Plan: 1 to update, **1 refused**.")


def test_what_is_not_known_and_what_is_unsafe_stand_above_every_table():
    text = plan_markdown(replace(PLANS["fleet"], violations=PLANS["unsafe"].violations), "manifests")
    above = text[: text.index("| model |")]
    assert "> [!CAUTION]\n> **This plan is unsafe: nothing of it will be applied.**\n> - `default/m:latest`: a" in above
    assert "> [!WARNING]\n> **This plan is incomplete: nothing is known about 2 hosts (b, d).**\n> - host `b`" in above


def test_a_plan_from_a_snapshot_says_so_above_every_table():
    text = plan_markdown(PLANS["snapshot"], "manifests")
    assert text.index("> [!NOTE]\n> **From a snapshot taken") < text.index("| model |")
    assert text.count("From a snapshot") == 1


def test_hosts_where_the_same_happens_are_told_once():
    names = [f"h{number:02}" for number in range(12)]
    made = plan(*(create("m", title) for title in names), hosts=[host(title, in_sync=3) for title in names])
    text, found = shown(made)
    assert len(found.rows) == 1
    assert "**12 hosts alike:** `h00`, `h01`, `h02`" in text
    assert "`h09` and 2 more: 3 in sync" in text
    two = plan(create("m", "a"), in_sync("m", "b"), hosts=[host("a"), host("b", in_sync=1)])
    assert "**Host `a`**" in shown(two)[0]
    assert "**Host `b`** `http://127.0.0.1:11434`, ollama 0.9.3: 1 in sync" in shown(two)[0]


def test_many_changes_are_folded_up_but_for_deletes_and_refusals():
    text = plan_markdown(many(deletes=2, creates=23), "manifests")
    assert text.count("| model |") == 1
    text, found = shown(many(deletes=2, refusals=1, creates=23))
    folded = text.index(f"{FOLDED.format(23)}\n\n| | model |")
    assert text.rindex("**refuse**") < folded < text.index("`new0:latest`")
    assert len(found.rows) == 26
    assert_harmless(found, tags=(*TAGS, FOLDED.format(23)))


def many(deletes=0, refusals=0, creates=0, **more):
    return plan(
        *(change(f"old{nth}", Action.DELETE, Reason.NOT_DECLARED) for nth in range(deletes)),
        *(change(f"no{nth}", Action.REFUSE, Reason.UNMANAGED, note="x" * 400) for nth in range(refusals)),
        *(create(f"new{nth}", system="y\n" * 50) for nth in range(creates)),
        **more,
    )


def test_what_is_too_long_leaves_out_details_first_and_says_how_many():
    text, found = shown(many(deletes=3, creates=200))
    assert len(text) <= MOST
    assert len(found.rows) == 203
    kept = text.count("```diff")
    assert f"> [!CAUTION]\n> **Too long for a comment. Left out: the details of {200 - kept} changes.**\n" in text
    assert text.index("Left out") < text.index("Host")
    assert_harmless(found, tags=(*TAGS, FOLDED.format(200)))


def test_deletes_and_refusals_are_never_left_out_without_a_word():
    text, found = shown(many(deletes=300, refusals=300, creates=300))
    assert len(text) <= MOST
    kept = [row[0] for row in found.rows]
    assert kept.count("-") == 300
    assert 0 < kept.count("!") < 300
    assert f"Left out: {300 - kept.count('!')} refusals, {300 - kept.count('+')} other changes, the details" in text
    text, found = shown(many(deletes=900))
    assert f"Left out: {900 - len(found.rows)} deletes.**" in text


def test_even_a_fleet_that_is_silent_fits_and_is_counted():
    hosts = [silent(f"h{nth}", message="|" * 900, hint="`" * 900) for nth in range(300)]
    text = plan_markdown(plan(unobserved=hosts, hosts=()), "manifests")
    kept = text.count("> - host")
    assert 0 < kept < 300
    assert len(text) <= MOST
    assert f"**Too long for a comment. Left out: {300 - kept} warnings.**" in text


def test_what_is_left_out_is_counted_on_every_host_and_nothing_stands_under_another_host():
    alike = [f"a{nth}" for nth in range(3)]
    changes = [create(f"m{nth}", title, system="y") for title in alike for nth in range(400)]
    lone = [change(f"x{nth}", Action.DELETE, Reason.NOT_DECLARED, host=f"h{nth:04}") for nth in range(250)]
    quiet = [host(f"q{nth}", in_sync=1) for nth in range(7)]
    hosts = [*map(host, alike), *(host(item.address.host) for item in lone), *quiet]
    text = plan_markdown(plan(*changes, *lone, hosts=hosts), "manifests")
    rows = [row[1] for row in page(text).rows]
    deletes, creates = sum(name[0] == "x" for name in rows), sum(name[0] == "m" for name in rows)
    assert len(text) <= MOST
    assert (deletes, 0 < creates < 400) == (250, True)
    told = f"Left out: {3 * (400 - creates)} other changes"
    assert told in text
    assert "the details of 1200 changes" in text
    for nth in range(250):
        place = text.index(f"`x{nth}:latest`")
        assert text.rindex("Host `", 0, place) == text.rindex(f"Host `h{nth:04}`", 0, place)


@settings(max_examples=25)
@given(st.lists(TEXTS, min_size=12, max_size=12), st.integers(1, 40))
def test_no_text_from_outside_becomes_more_than_text(texts, times):
    one, two, three, four, path, before, after, url, version, message, hint, check = (text * times for text in texts)
    refused = change("m", Action.REFUSE, Reason.UNRESOLVED, note=one, hint=two)
    entry = replace(desired("a", source="ollama"), reference=three)
    fields = (field(f"parameters.{path}", before, after), field("system", f"{before}\n{after}", f"{after}\n{before}"))
    made = plan(
        refused,
        replace(change("a", Action.CREATE, Reason.NEW), after=entry),
        change("b", Action.UPDATE, Reason.DRIFTED, drift=fields, fields=fields, note=four, base=name("m")),
        hosts=(host(url=url, version=version),),
        unobserved=(silent("s", message, hint),),
        violations=(Violation("the plan", "check", check),),
    )
    text, found = shown(made)
    assert len(text) <= MOST
    assert_harmless(found, tags=TAGS)
    assert len(found.rows) == 3
    assert [row[0] for row in found.rows] == ["!", "+", "~"]
    assert {language for language, _ in found.fences} <= {"diff", "mermaid"}


def test_findings_instead_of_a_plan_are_told_in_the_comment_of_the_plan():
    found = (
        Diagnostic(Location("a|b.yaml", 3, 1), "unknown key `x` @team", "mend <it>"),
        Diagnostic(Location("c.yaml"), "doubtful", severity=Severity.WARNING),
    )
    text = findings_markdown(found, "plan: manifests")
    assert text.startswith(f"{MARK}\n\n**The manifests can't be used: 1 error, 1 warning.**\n\n- **error** ")
    assert_harmless(page(text), tags=TAGS)
    long = findings_markdown(found[:1] * 5000, "plan: manifests")
    assert len(long) <= MOST
    assert f"Left out: {5000 - long.count('- **error**')} warnings" in long


@settings(max_examples=25)
@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_an_error_instead_of_a_plan_is_text_too(texts):
    message, hint, where = texts
    text = error_markdown(ReconcilerError(message, hint=hint, where=where), "plan: manifests")
    assert text.startswith(f"{MARK}\n\n**Error:** ")
    assert_harmless(page(text), tags=TAGS)
