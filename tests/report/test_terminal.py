"""What is true of every text, whatever is in it; and the texts that have no golden file."""

import re
import subprocess
import sys
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.change import Action, Reason
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.facts import facts
from reconciler.core.lock import Followed
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.safety import Violation
from reconciler.core.state import RecordedState
from reconciler.errors import NotFound, SettingsError
from reconciler.ports import Event, Run
from reconciler.report.terminal import (
    diagnostics_text,
    diff_text,
    error_text,
    history_text,
    plan_text,
    record_text,
    registry_text,
    run_text,
    status_text,
)
from reconciler.report.upstream import told
from tests.report.builders import address, change, create, desired, field, host, name, plan, recorded, silent
from tests.report.cases import PLANS, RUNS
from tests.report.upstream_cases import hub_file, still

ANSI = re.compile(r"\x1b\[\d*m")
HERE = Location("manifests/a.yaml", 3, 5)


def harmless(text):
    return all(mark == "\n" or mark.isprintable() or unicodedata.category(mark) == "Zs" for mark in text)


nasty = st.text(st.characters() | st.sampled_from("\x1b\x07\r\n\u202e\x9b"), min_size=1, max_size=9)


def nasty_model(text):
    """Return a model that is outdated, and whatever its hub says of it is this text."""
    pin = facts({"commit": text, "file": text, "sha256": text})
    offered = replace(hub_file("x"), provenance=facts({"commit": f"{text}.", "file": f"{text}.", "sha256": f"{text}."}))
    return replace(desired("q", reference=text), provenance=pin, locked=True, offered=offered)


@given(nasty)
def test_nothing_from_outside_reaches_the_terminal_as_a_command(text):
    after = desired("m", source="gguf", reference=text)
    shown = plan(
        change("m", Action.UPDATE, Reason.UPSTREAM_MOVED, after=after, fields=(field(text, text, text + "\n" + text),)),
        change("n", Action.REFUSE, Reason.UNMANAGED, note=text, hint=text),
        create("o", reference=text),
        still(nasty_model(text), news=(field(text, text, text + "\n" + text),), note=text),
        still(replace(desired("r"), unchecked=text)),
        hosts=(host(url=f"http://{text}", version=text), host(text)),
        unobserved=(silent("down", message=text, hint=text),),
        violations=(Violation(str(address("m", text)), text, text),),
    )
    shown = replace(shown, followed=Followed((text,)))
    outcome = Outcome(address("m", text), Action.CREATE, Status.FAILED, message=text, hint=text)
    record = recorded(host=text, reference=text, provenance=((text, text),), applied_at=text)
    texts = [
        plan_text(shown, colour=False),
        status_text(shown, colour=False),
        diff_text(told(shown, RecordedState("", 0), [name(model) for model in "mnopqr"], {}), colour=False),
        run_text(RunResult(text, (outcome,), complete=True), colour=False),
        registry_text(RecordedState("", 0, (record,))),
        record_text(record),
        history_text((Run(text, text, text, text),), (Event(text, text, outcome), Event(text + "x", text, outcome))),
        diagnostics_text((Diagnostic(Location(text, 1, 1), text, text),), colour=False),
        error_text(SettingsError(text, hint=text, where=text)),
    ]
    for each in texts:
        assert harmless(each)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("make", [plan_text, status_text])
def test_colours_change_nothing_but_colours(name, make):
    painted, plain = make(PLANS[name], colour=True), make(PLANS[name], colour=False)
    assert ANSI.sub("", painted) == plain
    assert all(line.count("\x1b[") % 2 == 0 for line in painted.splitlines())


def test_a_run_has_colours_too():
    painted = run_text(RUNS["mixed"], colour=True)
    assert ANSI.sub("", painted) == run_text(RUNS["mixed"], colour=False)
    assert "\x1b[31m  ~ c:latest" in painted


@pytest.mark.parametrize("name", PLANS)
def test_no_line_ends_in_spaces(name):
    text = plan_text(PLANS[name], colour=False) + status_text(PLANS[name], colour=False)
    assert [line for line in text.split("\n") if line.endswith(" ") and line.strip()] == []


def test_findings_are_listed_and_counted():
    found = (
        Diagnostic(HERE, "'quantt' was unexpected", "did you mean quantization?"),
        Diagnostic(Location("b.yaml"), "odd\x1b[31m", severity=Severity.WARNING),
    )
    assert diagnostics_text(found, colour=False) == (
        "manifests/a.yaml:3:5: error: 'quantt' was unexpected\n"
        "  hint: did you mean quantization?\n"
        "b.yaml: warning: odd\\x1b[31m\n"
        "1 error, 1 warning\n"
    )
    assert "\x1b[33mb.yaml" in diagnostics_text(found, colour=True)


def test_an_error_says_where_what_and_what_to_do():
    assert error_text(NotFound("no such repo", hint="did you mean x?", where="org/repo")) == (
        "error: org/repo: no such repo\n  hint: did you mean x?\n"
    )
    assert error_text(SettingsError("no\nway\x07")) == "error: no\\nway\\x07\n"


def test_text_and_json_need_no_slow_library():
    code = (
        "import sys\n"
        "from tests.report.cases import PLANS\n"
        "from reconciler.report import json_report, terminal, progress\n"
        "terminal.plan_text(PLANS['everything'], colour=True)\n"
        "json_report.plan_json(PLANS['everything'])\n"
        "print(sorted(sys.modules.keys() & {'rich', 'structlog', 'jsonschema', 'urllib3', 'click', 'yaml'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
