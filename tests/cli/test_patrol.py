"""The rounds of a watch, one at a time: what is tried, what is left alone, and what is said. Nobody sleeps."""

import json
from dataclasses import replace

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.cli.heartbeat import BEAT, Heartbeat
from reconciler.cli.listening import lines
from reconciler.cli.patrol import Patrol
from reconciler.cli.question import Question
from reconciler.cli.running import Manner
from reconciler.cli.settings import Settings
from reconciler.cli.signals import Alarm
from reconciler.cli.wiring import open_store
from reconciler.core.pace import Pace
from reconciler.workflow.leases import server
from tests.manifests import model, tune, write
from tests.workflow.conftest import FixedClock


@pytest.fixture
def patrol(folder, tmp_path, host):
    """Give a watch of an interval of a minute that applies, on a clock that is turned by hand."""
    settings = Settings.read("info", "json", None, color=False)
    clock, alarm = FixedClock(), Alarm()
    heart = Heartbeat(tmp_path / "health.json", clock, lines(settings, clock))
    with click.Context(click.Command("watch"), obj=settings):
        made = Patrol(
            settings, Question(), True, Manner(stop=alarm), Pace(60.0), alarm, clock, heart, tmp_path / "m.prom"
        )
        yield made
    alarm.close()


@pytest.fixture
def told(capsys):
    """Return a function that gives the lines of the log since it was last asked."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def events(lines):
    return [line["event"] for line in lines]


def test_a_change_that_fails_for_good_is_left_alone_and_not_forgotten(patrol, folder, host, told, tmp_path):
    model(folder)
    tune(folder, "bot", "tiny")
    host.fail("create", times=99, error="unknown architecture")
    first = patrol.look({})
    (held,) = [line for line in told() if line["event"] == "change_held_back"]
    assert (held["model"], held["after_seconds"], held["failures_in_a_row"]) == ("tiny:latest", 120, 1)
    assert not first.passing
    creates = len(host.calls("create"))

    patrol.clock.seconds += 60
    second = patrol.look(first.memory)
    (line,) = told()
    assert (line["event"], line["held_back"], line["failed"], line["exit_code"]) == ("run_finished", 1, 0, 1)
    assert len(host.calls("create")) == creates
    assert second.memory == first.memory
    samples = [sample for family in text_string_to_metric_families((tmp_path / "m.prom").read_text())
               for sample in family.samples]  # fmt: skip
    states = {sample.labels["state"]: sample.value for sample in samples if sample.name == "reconciler_models"}
    assert (states["failed"], states["missing"]) == (1, 1)

    patrol.clock.seconds += 61
    third = patrol.look(second.memory)
    assert [line["after_seconds"] for line in told() if line["event"] == "change_held_back"] == [240]
    assert len(host.calls("create")) == creates + 1
    assert third.memory != second.memory


def test_another_manifest_is_tried_at_once(patrol, folder, host, told):
    model(folder)
    host.fail("create", error="unknown architecture")
    ended = patrol.look({})
    model(folder, seed=1)
    told()
    assert patrol.look(ended.memory).memory == {}
    assert "change_applied" in events(told())


def test_a_host_that_another_run_works_on_is_looked_at_again_soon(patrol, folder, host, told):
    model(folder)
    store = open_store(patrol.settings)
    lease = store.acquire(server(host.url), "other", "ann@ci-7", 60.0)
    held = patrol.look({})
    assert (held.memory, held.passing) == ({}, True)
    assert told()[-1]["exit_code"] == 3
    store.release(lease)
    assert patrol.look(held.memory).passing is False
    assert "change_applied" in events(told())


def test_a_round_that_comes_to_nothing_keeps_what_failed(patrol, folder, host, told):
    model(folder)
    host.fail("create", error="unknown architecture")
    first = patrol.look({})
    write(folder, "broken", "kind: Model\nmetadata: {name: broken}\nspec: {sauce: {}}\n")
    told()
    second = patrol.look(first.memory)
    assert (second.memory, second.passing, patrol.status) == (first.memory, False, 0)
    assert events(told())[-1] == "run_finished"


def test_a_host_that_is_no_longer_declared_is_wrong_usage_only_at_the_start(patrol, folder, host, told):
    model(folder)
    patrol.question = Question(hosts=("nosuch",))
    with pytest.raises(click.UsageError):
        patrol.look({})
    patrol.question = Question()
    patrol.look({})
    patrol.question = Question(hosts=("nosuch",))
    told()
    patrol.look({})
    assert [line["exit_code"] for line in told()] == [64]


def test_whoever_is_asked_to_end_during_the_plan_begins_nothing(patrol, folder, host, told):
    model(folder)
    patrol.alarm.signal = 15
    patrol.alarm.set()
    patrol.look({})
    assert (host.calls("create"), patrol.status) == ([], 0)


def test_without_approval_a_round_tells_what_is_pending_where_that_is_news(patrol, folder, host, told):
    patrol.approved = False
    model(folder)
    patrol.look({})
    (pending, summary) = told()
    assert (pending["event"], pending["bytes"] > 0, pending["run"]) == ("change_pending", True, summary["run"])
    assert (summary["pending"], summary["exit_code"], summary["level"]) == (1, 2, "warning")
    patrol.look({})
    assert events(told()) == ["run_finished"]
    model(folder, "other", seed=1)
    patrol.look({})
    assert events(told()) == ["change_pending", "change_pending", "run_finished"]
    assert not host.calls("create")


def test_traces_that_cannot_be_sent_as_asked_are_said_once(patrol, folder, host, told):
    patrol.settings = replace(patrol.settings, environ={**patrol.settings.environ, "OTEL_TRACES_EXPORTER": "zipkin"})
    model(folder)
    patrol.look({})
    patrol.look({})
    assert events(told()).count("traces_off") == 1


def test_in_text_a_plan_is_shown_where_it_is_news(patrol, folder, host, capsys):
    patrol.settings = replace(patrol.settings, log_format="text")
    model(folder)
    patrol.look({})
    assert "+ tiny:latest" in capsys.readouterr().out
    for out in ("No changes. 1 model in sync on 1 host.\n", ""):
        patrol.look({})
        assert capsys.readouterr().out == out


def test_a_rest_ends_when_somebody_rings(patrol, folder, told):
    patrol.alarm.ring(anew=True)
    assert patrol.rest(1e6, 0) is True
    patrol.alarm.set()
    assert patrol.rest(1e6, 0) is False
    assert events(told()) == ["looking_anew"]


def test_a_heart_beats_while_something_gets_on_and_not_more_often_than_needed(patrol, tmp_path):
    heart, file = patrol.heart, tmp_path / "health.json"
    heart.beat(state="working")
    listener = heart.over(lines(patrol.settings, patrol.clock)).bind(host="a")
    file.unlink()
    listener.progress("t", "p", 1, 2)
    assert not file.exists()
    patrol.clock.seconds += BEAT
    listener.progress("t", "p", 1, 2)
    listener.finished("t")
    assert json.loads(file.read_text())["state"] == "working"


def test_a_health_file_that_cannot_be_written_is_said_once(patrol, tmp_path, told):
    patrol.heart.path = tmp_path / ("x" * 250)
    patrol.heart.beat()
    patrol.heart.beat()
    assert events(told()) == ["health_not_written"]
