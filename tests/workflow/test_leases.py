"""The leases of a run: all or none, renewed, given back, and their loss noticed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from reconciler.cli.clock import SystemClock
from reconciler.core.names import HostName
from reconciler.errors import Interrupted, LeaseHeld, RegistryUnavailable
from reconciler.ports import RecordStore, Run
from reconciler.registry.store import open_store
from reconciler.workflow.leases import Terms, held
from tests.parts.missing import needs_kernel
from tests.workflow.conftest import Ear

A, B, ALIAS = HostName("a"), HostName("b"), HostName("alias")
HOSTS = {A: "http://a:11434", B: "http://b:11434"}


@pytest.fixture
def registry(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/registry.db"


@pytest.fixture
def store(registry: str) -> Iterator[RecordStore]:
    made = open_store(registry, lineage=lambda: "lineage")
    yield made
    made.close()


@pytest.fixture
def ear() -> Ear:
    return Ear()


def run(name: str = "r1") -> Run:
    return Run(name, "2026-01-01T00:00:00.000Z", "f" * 64, f"ann@{name}")


def hold(store: RecordStore, ear: Ear, hosts=HOSTS, name="r1", **terms: object):
    return held(store, hosts, run(name), Terms(**terms), SystemClock(), ear)


def test_every_host_is_leased_and_given_back(store, ear):
    with hold(store, ear):
        assert [(lease.resource, lease.run) for lease in store.leases()] == [(url, "r1") for url in HOSTS.values()]
    assert store.leases() == ()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_leases_are_given_back_whatever_happens(store, ear, error):
    with pytest.raises(error), hold(store, ear):
        raise error
    assert store.leases() == ()


def test_all_or_none(store, ear):
    other = store.acquire(HOSTS[B], "r0", "bob@desk", 30.0)
    with pytest.raises(LeaseHeld) as refused, hold(store, ear):
        pytest.fail("it must not get here")
    assert (refused.value.where, refused.value.who) == ("b", "bob@desk")
    assert store.leases() == (other,)
    assert ear.events == []


def test_two_names_of_one_server_exclude_each_other_and_one_run_may_use_both(store, ear):
    with hold(store, ear, {A: HOSTS[A], ALIAS: HOSTS[A]}) as leases:
        leases.check(A)
        leases.check(ALIAS)
        with pytest.raises(LeaseHeld), hold(store, ear, {ALIAS: HOSTS[A]}, "r2"):
            pytest.fail("it must not get here")


def test_whoever_waits_says_for_whom_and_gets_the_lease(store, ear):
    other = store.acquire(HOSTS[A], "r0", "bob@desk", 30.0)
    freeing = Thread(target=lambda: (time.sleep(0.4), store.release(other)))
    freeing.start()
    with hold(store, ear, wait=20.0):
        assert {lease.run for lease in store.leases()} == {"r1"}
    freeing.join()
    ((name, facts),) = ear.events
    assert (name, facts["host"], facts["who"], facts["run_there"], facts["run"]) == (
        *("lease_awaited", "a", "bob@desk"),
        *("r0", "r1"),
    )


def test_waiting_has_an_end(store, ear):
    store.acquire(HOSTS[B], "r0", "bob@desk", 30.0)
    began = time.monotonic()
    with pytest.raises(LeaseHeld), hold(store, ear, wait=0.5):
        pytest.fail("it must not get here")
    assert 0.5 <= time.monotonic() - began < 5
    assert [lease.run for lease in store.leases()] == ["r0"]


def test_a_wait_ends_when_somebody_asks_for_it(store, ear):
    stop = Event()
    store.acquire(HOSTS[B], "r0", "bob@desk", 30.0)
    Timer(0.3, stop.set).start()
    with pytest.raises(Interrupted), hold(store, ear, wait=60.0, stop=stop):
        pytest.fail("it must not get here")
    assert [lease.run for lease in store.leases()] == ["r0"]


def test_what_is_held_already_is_renewed_while_the_rest_is_awaited(store, ear):
    store.acquire(HOSTS[B], "r0", "bob@desk", 1.2)
    with hold(store, ear, wait=20.0, ttl=0.6) as leases:
        leases.check(A)
    assert [name for name, _ in ear.events] == ["lease_awaited"]


def test_leases_are_renewed_in_the_background(store, ear):
    with hold(store, ear, ttl=0.45):
        for _ in range(10):
            time.sleep(0.1)
            assert len(store.leases()) == 2


@pytest.mark.parametrize("hosts", [HOSTS, dict(reversed(HOSTS.items()))], ids=["forwards", "backwards"])
def test_leases_are_taken_in_one_order_whatever_the_runs_so_that_two_never_block_each_other(store, ear, hosts):
    other = store.acquire(HOSTS[B], "r0", "bob@desk", 30.0)
    seen: list[tuple[str, str]] = []

    def look() -> None:
        time.sleep(0.4)
        seen.extend((lease.resource, lease.run) for lease in store.leases())
        store.release(other)

    looking = Thread(target=look)
    looking.start()
    with hold(store, ear, hosts, wait=20.0):
        looking.join()
    assert seen == [(HOSTS[A], "r1"), (HOSTS[B], "r0")]


def test_a_lost_lease_is_noticed_before_the_next_change_and_told_once(store, ear):
    with hold(store, ear, ttl=0.3) as leases:
        _steal(store, HOSTS[A])
        with pytest.raises(LeaseHeld) as lost:
            leases.check(A)
        leases.check(B)
        time.sleep(0.5)
    assert (lost.value.where, lost.value.who) == ("a", "bob@desk")
    assert [(name, facts["host"]) for name, facts in ear.events] == [("lease_lost", "a")]
    assert [lease.run for lease in store.leases()] == ["thief"]


def test_a_registry_that_is_away_for_a_moment_costs_no_lease(store, ear, tmp_path):
    path, aside = tmp_path / "registry.db", tmp_path / "aside.db"
    with hold(store, ear, ttl=0.3) as leases:
        path.rename(aside)
        time.sleep(0.4)
        with pytest.raises(RegistryUnavailable):
            leases.check(A)
        aside.rename(path)
        leases.check(A)
    assert {name for name, _ in ear.events} == {"lease_not_renewed"}
    assert store.leases() == ()


def test_a_lease_that_can_not_be_given_back_hides_no_result(store, ear, tmp_path):
    with hold(store, ear):
        (tmp_path / "registry.db").unlink()
    assert [name for name, _ in ear.events] == ["lease_not_released"] * 2


@pytest.mark.parametrize(("how", "kept"), [(signal.SIGINT, False), (signal.SIGKILL, True)])
def test_a_process_that_is_interrupted_frees_its_hosts_and_a_killed_one_does_in_time(registry, store, ear, how, kept):
    command = [sys.executable, "-m", "tests.workflow.keeper", registry, "1.5", *HOSTS.values()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as keeper:
        assert keeper.stdout.readline() == "held\n"
        time.sleep(2)  # longer than a lease without heartbeats
        assert {lease.actor for lease in store.leases()} == {"ann@ci-7"}
        keeper.send_signal(how)
    assert bool(store.leases()) is kept
    with hold(store, ear, wait=10.0) as leases:
        leases.check(A)


@needs_kernel
def test_the_leases_of_a_killed_process_are_taken_over_at_once_and_that_is_told_once(registry, store, ear):
    command = [sys.executable, "-m", "tests.workflow.keeper", registry, "60", *HOSTS.values()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as keeper:
        assert keeper.stdout.readline() == "held\n"
        (lease, _) = store.leases()
        keeper.kill()
    with hold(store, ear) as leases:
        leases.check(A)
        leases.check(B)
    ((name, facts),) = ear.events
    assert (name, facts["host"], facts["who"], facts["run"]) == ("lease_taken_over", "a", "ann@ci-7", "r1")
    assert (facts["pid"], facts["run_there"], facts["since"]) == (keeper.pid, "kept", lease.since)


def _steal(store: RecordStore, resource: str) -> None:
    """Take a lease as another run would whose clock says that it ran out."""
    (mine,) = (lease for lease in store.leases() if lease.resource == resource)
    store.release(mine)
    store.acquire(resource, "thief", "bob@desk", 30.0)
