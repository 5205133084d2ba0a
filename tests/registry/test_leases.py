"""Leases: one holder at a time, known by name, on every store and between processes."""

import subprocess
import sys
import time

import pytest

from reconciler.core.state import RecordedState
from reconciler.errors import LeaseHeld
from tests.registry.contender import RESOURCE, taken
from tests.registry.entries import run
from tests.registry.tables import sql

OTHER = "http://gpu-02:11434"


def take(store, name="r1", ttl=30.0, resource=RESOURCE):
    return store.acquire(resource, name, f"ann@{name}", ttl)


def test_the_second_is_refused_with_who_since_when_until_when(open_one):
    lease = take(open_one(), "r1")
    with pytest.raises(LeaseHeld) as refused:
        take(open_one(), "r2")
    error = refused.value
    assert (error.who, error.run, error.since, error.until) == ("ann@r1", "r1", lease.since, lease.until)
    for fact in ("ann@r1", "run r1", lease.since[11:19], lease.until[11:19]):
        assert fact in error.message
    assert error.hint
    assert lease.since < lease.until
    assert len(lease.since) == len("2026-11-22T12:00:00.000Z")


def test_hosts_are_leased_one_by_one(store):
    first, second = take(store, "r1"), take(store, "r2", resource=OTHER)
    assert store.leases() == (first, second)


def test_a_lease_that_was_given_back_is_free(store):
    store.release(take(store, "r1"))
    assert store.leases() == ()
    assert take(store, "r2").run == "r2"


def test_giving_back_twice_is_no_error_and_never_takes_it_from_another(store):
    old = take(store, "r1")
    store.release(old)
    store.release(old)
    held = take(store, "r2")
    store.release(old)
    assert store.leases() == (held,)


def test_a_run_may_ask_again_for_what_it_has(store):
    first = take(store, ttl=10.0)
    again = take(store, ttl=30.0)
    assert again.since == first.since
    assert again.until > first.until
    assert store.leases() == (again,)


def test_a_heartbeat_moves_the_end(store):
    lease = take(store, ttl=0.5)
    for _ in range(4):
        time.sleep(0.2)
        lease = store.renew(lease, 0.5)
        with pytest.raises(LeaseHeld):
            take(store, "r2")
    assert store.leases() == (lease,)


def test_the_lease_of_a_silent_holder_ends_by_itself_and_can_be_taken(store):
    lost = take(store, "r1", ttl=0.1)
    time.sleep(0.15)
    assert store.leases() == ()
    take(store, "r2")
    with pytest.raises(LeaseHeld) as refused:
        store.renew(lost, 30.0)
    assert refused.value.who == "ann@r2"


def test_a_lease_that_ran_out_and_that_nobody_took_can_be_renewed(store):
    lease = take(store, ttl=0.1)
    time.sleep(0.15)
    assert store.renew(lease, 30.0) in store.leases()


def test_a_lease_that_another_had_in_between_is_lost(store):
    lost = take(store, "r1", ttl=0.05)
    time.sleep(0.1)
    store.release(take(store, "r2"))
    with pytest.raises(LeaseHeld, match="in between"):
        store.renew(lost, 30.0)
    assert store.leases() == ()


def test_a_lease_changes_nothing_that_a_plan_rests_on(store):
    lease = take(store)
    assert store.read() == RecordedState(lineage="", serial=0)
    store.begin(run())
    before = store.read()
    store.release(store.renew(lease, 30.0))
    assert store.read() == before
    assert before.lineage


def test_nothing_is_held_where_nothing_is(store):
    assert store.leases() == ()


def test_of_many_processes_one_at_a_time_has_it(url, tmp_path):
    command = [sys.executable, "-m", "tests.registry.contender", url]
    crowd = [
        subprocess.Popen([*command, f"r{number}", "15", f"{tmp_path}/marker"], stderr=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    assert [process.communicate(timeout=100)[1] for process in crowd] == ["", "", ""]
    assert [process.returncode for process in crowd] == [0, 0, 0]


def test_the_lease_of_a_killed_process_of_which_nothing_can_be_told_ends_by_itself(url, open_one):
    command = [sys.executable, "-m", "tests.registry.contender", url, "r1", "0", "1"]
    store = open_one()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "taken\n"
        with pytest.raises(LeaseHeld):
            take(store, "r2")
        holder.kill()
    sql(url, "UPDATE leases SET actor = 'ann@r1'")
    with pytest.raises(LeaseHeld):
        take(store, "r2")
    killed = time.monotonic()
    assert taken(store, "r2", 30.0).actor == "ann@r2"
    assert time.monotonic() - killed < 3
