"""Metrics: what Prometheus is told of a round, read back by Prometheus' own parsers."""

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.core.change import Action, Reason
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.report.metrics import STATES, Measured, last_success, metrics_text
from tests.parts.missing import program
from tests.report.builders import address, change, create, desired, host, in_sync, kept, plan, silent
from tests.report.upstream_cases import hub_model, hub_pull

ENDED = "2026-11-22T12:00:00.000Z"
SECONDS = 1795348800.0
OLD = "reconciler_last_success_timestamp_seconds 1.5e+09\n"


def measured(made=None, *outcomes, exit_code=0, held=()):
    result = RunResult("r", outcomes, complete=True) if outcomes else None
    return Measured(ENDED, 1.5, exit_code, exit_code == 0, made, result, held)


def samples(text):
    """Return every sample: its name with its labels, and its value."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name.removeprefix("reconciler_"), *sample.labels.values())
            assert key not in found
            found[key] = sample.value
    return found


def outcome(model, action, status, **more):
    return Outcome(address(model), action, status, **more)


def states(text, title="default"):
    return {key[2]: value for key, value in samples(text).items() if key[:2] == ("models", title) and value}


def test_a_round_that_came_to_nothing_says_when_and_how():
    assert samples(metrics_text(measured(exit_code=3))) == {
        ("last_run_timestamp_seconds",): SECONDS,
        ("last_run_duration_seconds",): 1.5,
        ("last_run_exit_code",): 3,
    }


@pytest.mark.parametrize(("exit_code", "before", "told"), [(0, OLD, SECONDS), (1, OLD, 1.5e9), (1, "", None)])
def test_the_last_success_outlives_a_failure(exit_code, before, told):
    text = metrics_text(measured(exit_code=exit_code), before)
    assert samples(text).get(("last_success_timestamp_seconds",)) == told
    assert samples(metrics_text(measured(exit_code=1), text)).get(("last_success_timestamp_seconds",)) == told


@pytest.mark.parametrize("text", ["{", "a b c d e", 'x{y="', "\x00", "reconciler_last_success_timestamp_seconds much"])
def test_an_old_file_that_is_none_of_ours_says_nothing(text):
    assert last_success(text) is None


def test_without_a_run_models_are_as_the_plan_found_them():
    made = plan(
        in_sync("a"), create("b"), kept("c"), change("d", Action.REFUSE, Reason.UNMANAGED, after=desired("d")),
        hosts=(host(in_sync=1, unmanaged=("x", "y"), undeclared=("c",)),), unobserved=(silent("gone"),),
    )  # fmt: skip
    text = metrics_text(measured(made, exit_code=1))
    assert states(text) == {"in_sync": 1, "missing": 1, "undeclared": 1, "refused": 1, "unmanaged": 2}
    told = samples(text)
    assert (told["host_up", "default"], told["host_up", "gone"], told["plan_complete",]) == (1, 0, 0)
    assert {key[2]: value for key, value in told.items() if key[0] == "model_in_sync"} == {
        "a:latest": 1,
        "b:latest": 0,
        "d:latest": 0,
    }
    assert not [key for key in told if key[0].startswith("last_run_changes")]


def test_every_state_is_there_for_every_host_that_answers():
    told = samples(metrics_text(measured(plan(hosts=(host("a"), host("b")), unobserved=(silent("c"),)))))
    assert {key[1:] for key in told if key[0] == "models"} == {(title, state) for title in "ab" for state in STATES}


def test_after_a_run_models_are_as_it_left_them():
    drifted = change("drifted", Action.UPDATE, Reason.DRIFTED, after=desired("drifted"))
    made = plan(
        create("made"), create("broken"), create("waits"), create("held"), drifted,
        change("old", Action.DELETE, Reason.NOT_DECLARED), change("gone", Action.FORGET, Reason.GONE),
    )  # fmt: skip
    ends = (
        outcome("made", Action.CREATE, Status.APPLIED, moved=70),
        outcome("broken", Action.CREATE, Status.FAILED, moved=7),
        outcome("waits", Action.CREATE, Status.SKIPPED),
        outcome("drifted", Action.UPDATE, Status.APPLIED),
        outcome("old", Action.DELETE, Status.APPLIED),
        outcome("gone", Action.FORGET, Status.APPLIED),
    )
    text = metrics_text(measured(made, *ends, exit_code=4, held=(address("held"),)))
    assert states(text) == {"in_sync": 2, "failed": 2, "missing": 1}
    told = samples(text)
    assert told["last_run_moved_bytes",] == 77
    assert told["last_run_changes", "create", "applied"] == told["last_run_changes", "create", "failed"] == 1
    assert told["last_run_changes", "delete", "failed"] == told["last_run_changes", "refuse", "refused"] == 0
    assert told["model_in_sync", "default", "drifted:latest"] == 1
    assert told["model_in_sync", "default", "broken:latest"] == 0


def test_a_model_that_was_made_as_it_is_locked_can_be_outdated():
    locked = hub_model("m", offered=hub_pull("m", "system=x"))
    made = plan(change("m", Action.CREATE, Reason.MISSING, after=locked))
    assert states(metrics_text(measured(made, outcome("m", Action.CREATE, Status.APPLIED)))) == {"outdated": 1}


def test_promtool_finds_nothing_to_say():
    made = plan(in_sync("a"), create("b"), unobserved=(silent("gone"),))
    text = metrics_text(measured(made, outcome("b", Action.CREATE, Status.APPLIED, moved=7)))
    command = [*program("promtool", "promtool"), "check", "metrics"]
    checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
