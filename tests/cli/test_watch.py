"""`watch`, as a process: rounds, signals, and files for those who watch the watcher."""

import json
import signal

import pytest

from tests.cli.watched import Watched, until
from tests.manifests import model, write

BROKEN = "kind: Model\nmetadata: {name: broken}\nspec: {sauce: {}}\n"


def test_it_applies_again_when_it_is_rung_and_ends_when_it_is_asked(folder, host, tmp_path):
    health, metrics = tmp_path / "health.json", tmp_path / "reconciler.prom"
    model(folder)
    with Watched("--auto-approve", "--health-file", health, "--metrics-file", metrics) as watch:
        assert watch.round()["applied"] == 1
        until(lambda: "next_round" in health.read_text())
        told = json.loads(health.read_text())
        assert (told["state"], told["exit_code"]) == ("ok", 0)
        assert told["last_round"] <= told["written_at"] < told["next_round"]
        assert told["last_success"]
        host.store.manifests.clear()
        watch.signal(signal.SIGHUP)
        again = watch.round()
        assert (again["applied"], again["exit_code"]) == (1, 0)
        assert "reconciler_last_run_exit_code 0.0" in metrics.read_text()
        watch.signal(signal.SIGTERM)
        assert watch.hear("watch_ended")["exit_code"] == 0
        assert watch.ended() == 0
    assert json.loads(health.read_text())["state"] == "ended"


def test_without_approval_drift_is_told_once_and_left_alone(folder, host, tmp_path):
    model(folder)
    health = tmp_path / "health.json"
    with Watched("--health-file", health) as watch:
        pending = watch.hear("change_pending")
        assert (pending["model"], pending["action"], pending["reasons"]) == ("tiny:latest", "create", "new")
        first = watch.round()
        assert (first["level"], first["pending"], first["exit_code"]) == ("warning", 1, 2)
        until(lambda: json.loads(health.read_text())["state"] == "pending")
        watch.signal(signal.SIGHUP)
        assert watch.round()["pending"] == 1
        watch.signal(signal.SIGINT)
        assert watch.ended() == 0
    assert [line["event"] for line in watch.told].count("change_pending") == 1
    assert not host.calls("create", "upload")


def test_manifests_that_break_and_are_mended_are_a_matter_of_a_round(folder, host):
    model(folder)
    write(folder, "broken", BROKEN)
    with Watched("--auto-approve") as watch:
        assert watch.round()["exit_code"] == 1
        assert "finding" in {line["event"] for line in watch.told}
        (folder / "broken.yaml").unlink()
        watch.signal(signal.SIGHUP)
        assert watch.round()["applied"] == 1
        watch.signal(signal.SIGTERM)
        assert watch.ended() == 0


def test_rounds_come_by_themselves_and_soon_after_a_fault_that_may_pass(folder, host):
    model(folder)
    host.fail("tags", times=99, status=503)
    with Watched("--auto-approve", interval="1s") as watch:
        assert watch.round()["hosts_silent"] == 1
        rest = watch.hear("next_round")
        assert (rest["faults_in_a_row"], 0.9 <= rest["after_seconds"] <= 1.1) == (1, True)
        host._faults.clear()
        while not watch.round()["applied"]:
            assert watch.told[-1]["hosts_silent"]
        assert watch.round()["in_sync"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_change_in_hand_is_finished(folder, host, number):
    model(folder)
    host.fail("create", stall=1.0)
    with Watched("--auto-approve") as watch:
        until(lambda: host.calls("create"))
        watch.signal(number)
        assert watch.hear("watch_ended")
        assert watch.ended() == 0
    assert [line["status"] for line in watch.told if line["event"] == "change_applied"] == ["applied"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_host_that_hangs_while_nothing_is_in_hand_is_left_behind(folder, host, tmp_path, number):
    model(folder)
    host.fail("tags", stall=600)
    metrics = tmp_path / "m.prom"
    with Watched("--auto-approve", "--metrics-file", metrics) as watch:
        until(lambda: host.calls("tags"))
        watch.signal(number)
        assert "left behind" in watch.hear("stop_requested")["hint"]
        assert watch.round()["exit_code"] == 128 + number
        assert watch.hear("watch_ended")["exit_code"] == 0
        assert watch.ended() == 0
    assert f"reconciler_last_run_exit_code {128 + number:.1f}" in metrics.read_text()


def test_a_run_that_is_cut_short_ends_as_apply_does(folder, host):
    model(folder)
    model(folder, "waits", seed=1)
    host.fail("create", stall=1.0)
    with Watched("--auto-approve") as watch:
        until(lambda: host.calls("create"))
        watch.signal(signal.SIGTERM)
        assert watch.ended() == 143


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--interval", "0"), 64),
        (("--interval", "soon"), 64),
        (("--interval", "31d"), 64),
        (("--host", "nosuch"), 64),
        (("saved.json",), 64),
        (("--health-file", "no/such/file"), 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_begin_does_not(reconciler, folder, host, words, status):
    model(folder)
    assert reconciler("watch", *words).status == status
