"""Every report, word for word. After an intended change: `RENEW_GOLDEN=1 pytest tests/report`, and read the diff."""

import os
from pathlib import Path

import pytest

from reconciler.report.graph import dot, mermaid
from reconciler.report.json_diff import diff_json
from reconciler.report.json_report import history_json, plan_json, registry_list_json, run_json, status_json
from reconciler.report.lock import lock_json, lock_text
from reconciler.report.markdown import plan_markdown
from reconciler.report.markdown_run import run_markdown
from reconciler.report.terminal import (
    diff_text,
    history_text,
    plan_text,
    record_text,
    registry_text,
    run_text,
    status_text,
)
from tests.report import chain_cases
from tests.report.cases import HISTORY, LONELY, PLANS, RECORDS, RUNS
from tests.report.diff_cases import DIFFS
from tests.report.lock_cases import LOCKS

COLOURED = ("everything", "fields", "fleet", "outdated")
PLANS_AS_JSON = {
    "chains",
    "doubted",
    "everything",
    "fields",
    "fleet",
    "hostile",
    "not_in_the_lock",
    "outdated",
    "snapshot",
    "outdated_and_pending",
    "parts",
    "tested",
}
PLANS_AS_MARKDOWN = {
    "everything",
    "fields",
    "fleet",
    "hostile",
    "in_sync",
    "outdated_and_pending",
    "snapshot",
    "unsafe",
}
STATUS_AS_JSON = ("everything", "fleet", "outdated", "snapshot", "tested")
GOLDEN = Path(__file__).parent / "golden"

REPORTS = {
    **{f"plan_{name}.txt": (plan_text, plan) for name, plan in PLANS.items()},
    **{f"status_{name}.txt": (status_text, plan) for name, plan in PLANS.items()},
    **{f"run_{name}.txt": (run_text, run) for name, run in RUNS.items()},
    "lock.txt": (lock_text, LOCKS),
    **{f"diff_{name}.txt": (diff_text, found) for name, found in DIFFS.items()},
}
PLAIN = {
    **{f"plan_{name}.json": (plan_json, plan) for name, plan in PLANS.items() if name in PLANS_AS_JSON},
    **{
        f"plan_{name}.md": (lambda plan: plan_markdown(plan, "manifests"), PLANS[name])
        for name in sorted(PLANS_AS_MARKDOWN)
    },
    **{f"plan_{name}.mmd": (mermaid, PLANS[name]) for name in ("everything", "fleet")},
    **{f"plan_{name}.dot": (dot, PLANS[name]) for name in ("everything", "fleet")},
    **{f"status_{name}.json": (status_json, PLANS[name]) for name in STATUS_AS_JSON},
    **{f"run_{name}.json": (lambda run: run_json(PLANS["fleet"], run), run) for name, run in RUNS.items()},
    **{f"run_{name}.md": (lambda run: run_markdown(PLANS["fleet"], run, "manifests"), RUNS[name]) for name in RUNS},
    "diff_chains.json": (diff_json, chain_cases.DIFF),
    "diff_chains.txt": (lambda found: diff_text(found, colour=False), chain_cases.DIFF),
    **{f"diff_{name}.json": (diff_json, DIFFS[name]) for name in ("several_hosts", "in_sync", "hostile")},
    "lock.json": (lock_json, LOCKS),
    "registry.json": (registry_list_json, RECORDS),
    "registry.txt": (registry_text, RECORDS),
    "registry_empty.json": (registry_list_json, LONELY),
    "registry_empty.txt": (registry_text, LONELY),
    "record.txt": (record_text, RECORDS.records[0]),
    "record_chain.txt": (record_text, chain_cases.RECORD),
    "record_build.txt": (record_text, RECORDS.records[1]),
    "history.json": (lambda history: history_json(*history), HISTORY),
    "history.txt": (lambda history: history_text(*history), HISTORY),
    "history_empty.txt": (lambda _: history_text((), ()), None),
}


def check(file, text, folder=GOLDEN):
    """Compare with the golden file, or renew it."""
    path = folder / file
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", REPORTS)
def test_text_is_as_kept(file):
    make, what = REPORTS[file]
    check(file, make(what, colour=False))


@pytest.mark.parametrize("file", PLAIN)
def test_report_is_as_kept(file):
    make, what = PLAIN[file]
    check(file, make(what))


@pytest.mark.parametrize("name", COLOURED)
def test_colours_are_as_kept(name):
    check(f"plan_{name}.ansi", plan_text(PLANS[name], colour=True))


def test_no_golden_file_is_left_over():
    expected = {*REPORTS, *PLAIN, *(f"plan_{name}.ansi" for name in COLOURED), "page.html"}
    assert {path.name for path in GOLDEN.iterdir()} == expected
