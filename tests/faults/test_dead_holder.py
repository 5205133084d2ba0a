"""After kill -9 of an apply the next one need not wait: its lease is taken over at once, and no other one ever is."""

import json
import signal
import subprocess
from contextlib import closing, contextmanager
from threading import Event

import pytest

from tests.fakes.ollama_server import FakeOllama
from tests.faults.places import Files, files_on_fake
from tests.faults.scene import HOST
from tests.faults.scene import scene as scene_of
from tests.parts.missing import needs_kernel, without
from tests.parts.postgres import RealPostgres, available

pytestmark = needs_kernel


@pytest.fixture
def scene(tmp_path):
    with files_on_fake(tmp_path, None) as made:
        yield made


@contextmanager
def in_the_middle(scene, **how):
    """Give an apply that waits for a host that is busy with its create, and what lets it go on."""
    go_on, asked = Event(), Event()
    handle = scene.server.fault

    def held(call):
        if call == "create" and not asked.is_set():
            asked.set()
            go_on.wait(60)
        return handle(call)

    scene.server.fault = held
    with scene.process(**how) as process:
        try:
            assert asked.wait(60), process.communicate(timeout=1)
            yield process, go_on
        finally:
            go_on.set()


def second(scene, *words):
    """Return how another apply ended, and its lines on stderr that speak of leases."""
    with scene.process("--auto-approve", *words) as process:
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode, [line for line in err.splitlines() if "lease_" in line or "written to" in line]


def held_by(scene):
    with closing(scene.store()) as store:
        (lease,) = store.leases()
    return lease


@pytest.mark.parametrize("reaped", [True, False], ids=["reaped", "not reaped"])
def test_the_next_apply_takes_over_at_once_and_says_whose_lease_it_was(scene, reaped):
    with in_the_middle(scene) as (first, _):
        lease = held_by(scene)
        first.kill()
        if reaped:
            first.wait()
        status, lines = second(scene)
    assert status == 0
    (line,) = lines
    assert "warning lease_taken_over" in line.replace("  ", " ")
    for fact in (f"host={HOST}", f"who={lease.actor}", f"pid={first.pid}", f"run_there={lease.run}", lease.since):
        assert fact in line
    assert scene.converges() == "in sync"
    with closing(scene.store()) as store:
        assert {run.id: run.status for run in store.runs(9)}[lease.run] == "abandoned"


def test_a_stopped_run_holds_its_host_and_goes_on_when_it_is_let(scene):
    with in_the_middle(scene) as (first, go_on):
        first.send_signal(signal.SIGSTOP)
        for _ in range(3):
            status, (line,) = second(scene)
            assert (status, f"process {first.pid}," in line) == (3, True)
        first.send_signal(signal.SIGCONT)
        go_on.set()
        assert scene.ended(first).status == 0
    assert scene.converges() == "in sync"


def test_whoever_waits_goes_on_when_the_run_that_it_waits_for_is_killed(scene):
    with in_the_middle(scene) as (first, _), scene.process("--auto-approve", "--lease-timeout", "50") as waiting:
        told = waiting.stderr.readline()
        assert "lease_awaited" in told
        assert f"pid={first.pid}" in told
        first.kill()
        _, err = waiting.communicate(timeout=30)
    assert "lease_taken_over" in err
    assert waiting.returncode in {0, 3}, "its plan may be stale by then"
    assert scene.converges() == "in sync"


def test_a_killed_run_of_which_nothing_can_be_told_here_holds_its_host(scene):
    with in_the_middle(scene) as (first, _):
        first.kill()
        first.wait()
        scene.held_elsewhere()
        status, (line,) = second(scene)
    assert (status, "ann@elsewhere since" in line) == (3, True)


@pytest.mark.parametrize(
    "words",
    [("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"), ("unshare", "--pid", "--fork", "--kill-child")],
    ids=["a container", "a sandbox with the outer /proc"],
)
def test_a_killed_run_of_another_namespace_holds_its_host(scene, words):
    if subprocess.run([*words, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user can make no namespace")
    with in_the_middle(scene, shell=words) as (first, _):
        first.kill()
        first.wait()
        assert second(scene)[0] == 3


def test_of_two_that_come_after_a_killed_run_one_writes(scene):
    with in_the_middle(scene) as (first, _):
        first.kill()
        first.wait()
        with scene.process() as one, scene.process() as other:
            ends = sorted(scene.ended(process).status for process in (one, other))
    assert ends in ([0, 3], [0, 0]), "the later one is refused, or finds nothing to do"
    assert scene.converges() == "in sync"


def test_a_team_need_not_wait_either(tmp_path):
    if lacking := available():
        without(lacking)
    with RealPostgres() as postgres, FakeOllama() as server, scene_of(tmp_path, server, Files(), bare=True) as scene:
        scene.postgres = postgres.url()
        with in_the_middle(scene) as (first, _):
            status, (line,) = second(scene)
            assert (status, f"process {first.pid}," in line) == (3, True)
            first.kill()
            status, (line,) = second(scene)
        assert (status, f"pid={first.pid}" in line) == (0, True)
        assert scene.converges() == "in sync"


def test_machines_read_the_same(scene, monkeypatch):
    monkeypatch.setenv("RECONCILER_LOG_FORMAT", "json")
    with in_the_middle(scene) as (first, _):
        first.kill()
        status, (line,) = second(scene)
    told = json.loads(line)
    assert (status, told["event"], told["level"], told["pid"]) == (0, "lease_taken_over", "warning", first.pid)
    assert told["run"] != told["run_there"]
