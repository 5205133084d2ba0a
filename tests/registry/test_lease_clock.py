"""A clock that goes wrong never makes two holders, and never one for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.errors import LeaseHeld
from reconciler.registry.sql_store import SqlStore
from reconciler.registry.sqlite_file import SqliteFile

TTL = 60.0  # seconds
DAY = 86_400.0


class Watch:
    """A clock that is set by hand."""

    def __init__(self):
        self.time = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self):
        return self.time

    def move(self, seconds):
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def store(tmp_path, watch):
    made = SqlStore(SqliteFile(tmp_path / "registry.db", lambda: "lineage", now=watch))
    yield made
    made.close()


def take(store, name):
    return store.acquire("http://h", name, f"ann@{name}", TTL)


def refused(store, name="r2"):
    with pytest.raises(LeaseHeld) as error:
        take(store, name)
    return error.value


def test_the_times_are_the_clocks(store, watch):
    lease = take(store, "r1")
    assert (lease.since, lease.until) == ("2026-11-22T12:00:00.000Z", "2026-11-22T12:01:00.000Z")
    watch.move(TTL - 0.001)
    refused(store)
    watch.move(0.001)
    take(store, "r2")


@pytest.mark.parametrize("back", [1.0, 59.0, 61.0, DAY, 4000 * DAY])
def test_a_clock_put_back_makes_no_second_holder_while_the_first_lives(store, watch, back):
    lease = take(store, "r1")
    watch.move(-back)
    for _ in range(10):
        refused(store)
        watch.move(TTL / 3)
        lease = store.renew(lease, TTL)
    refused(store)


@pytest.mark.parametrize("back", [1.0, 59.0, 61.0, DAY, 4000 * DAY])
def test_a_clock_put_back_keeps_no_lease_of_a_dead_holder_for_ever(store, watch, back):
    take(store, "r1")
    watch.move(-back)
    assert datetime.fromisoformat(refused(store).until) <= watch.time + timedelta(seconds=TTL)
    watch.move(TTL)
    assert take(store, "r2").run == "r2"


def test_a_lease_from_the_future_is_bounded_wherever_it_is_seen(store, watch):
    store.acquire("http://elsewhere", "r0", "ann@r0", TTL)
    watch.move(-DAY)
    take(store, "r1")
    watch.move(TTL)
    assert store.leases() == ()


def test_whoever_lost_a_lease_to_a_clock_put_forward_learns_it(store, watch):
    lease = take(store, "r1")
    watch.move(DAY)
    take(store, "r2")
    with pytest.raises(LeaseHeld):
        store.renew(lease, TTL)
    watch.move(-DAY)
    with pytest.raises(LeaseHeld):
        store.renew(lease, TTL)
    refused(store, "r1")
