"""A lease of a process that is proved to be dead is taken over at once, and no other one, on every store."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import LeaseHeld
from reconciler.registry.postgres import PostgresDatabase
from reconciler.registry.processes import Kernel
from reconciler.registry.sql_store import SqlStore
from reconciler.registry.sqlite_file import SqliteFile
from tests.parts.missing import needs_kernel
from tests.registry.contender import RESOURCE
from tests.registry.dying import TTL, Told, refused, soon, take
from tests.registry.entries import run
from tests.registry.tables import sql

OTHER = "http://gpu-02:11434"


@pytest.fixture
def machine(url):
    """Return a function that opens the store on a machine whose processes are as told."""
    opened = []

    def store(processes):
        where = url.removeprefix("sqlite://")
        database = SqliteFile(Path(where), str) if where != url else PostgresDatabase(url, str)
        opened.append(SqlStore(database, processes))
        return opened[-1]

    yield store
    for made in opened:
        made.close()


@pytest.fixture
def two(machine):
    """Return two stores of two processes, and a function that has the first one die."""
    mine, other = Told(100), Told(200)
    first, second = machine(mine), machine(other)

    def die():
        first.close()
        other.dead.add(mine.process)
        _until(lambda: not _is_linked(second))

    return first, second, die


@contextmanager
def holding(url, name="r1"):
    """Give a process that holds a lease."""
    command = [sys.executable, "-m", "tests.registry.contender", url, name, "0", str(TTL)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "taken\n"
        yield holder
        holder.kill()


@needs_kernel
def test_the_lease_of_a_killed_process_is_taken_over_at_once(url, store):
    with holding(url) as holder:
        assert refused(store).pid == holder.pid
        holder.kill()
        lease = soon(lambda: take(store, "r2"))
        assert lease.instead_of.pid == holder.pid, "not reaped yet"
    assert (lease.run, lease.instead_of.run, lease.instead_of.actor) == ("r2", "r1", "ann@r1")
    assert lease.instead_of.since < lease.since
    assert [held.run for held in store.leases()] == ["r2"]


@needs_kernel
def test_a_stopped_process_keeps_its_lease(url, store):
    with holding(url) as holder:
        holder.send_signal(signal.SIGSTOP)
        _until(lambda: Kernel().look(holder.pid).state == "T")
        for _ in range(10):
            refused(store)


@needs_kernel
def test_of_many_that_want_the_lease_of_a_dead_process_one_gets_it(url):
    with holding(url) as holder:
        holder.kill()
    command = [sys.executable, "-m", "tests.registry.contender", url]
    crowd = [
        subprocess.Popen([*command, f"c{number}", "0", str(TTL)], stdout=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    _until(lambda: [run for (run,) in sql(url, "SELECT run FROM leases")] not in ([], ["r1"]))
    time.sleep(0.5)
    ((winner,),) = sql(url, "SELECT run FROM leases")
    for process in crowd:
        process.kill()
    assert [f"c{number}" for number, process in enumerate(crowd) if process.communicate()[0]] == [winner]


def test_who_died_is_named_with_its_lease(two):
    first, second, die = two
    held = take(first, "r1")
    error = refused(second)
    assert (error.who, error.pid, error.since) == ("ann@r1", 100, held.since)
    assert "by ann@r1, process 100, since" in error.message
    die()
    lease = take(second, "r2")
    assert lease.instead_of == held
    assert (lease.pid, second.leases()[0].pid) == (200, 200)


def test_who_lost_its_lease_as_a_dead_process_learns_it(two):
    first, second, die = two
    held = take(first, "r1")
    die()
    take(second, "r2")
    with pytest.raises(LeaseHeld) as lost:
        first.renew(held, TTL)
    assert lost.value.who == "ann@r2"
    first.release(held)
    assert [lease.run for lease in second.leases()] == ["r2"]


def test_all_leases_of_a_dead_run_end_together_and_it_is_on_record_as_abandoned(two):
    first, second, die = two
    take(first, "r1")
    take(first, "r1", OTHER)
    first.begin(run("r1"))
    die()
    assert take(second, "r2").instead_of.run == "r1"
    assert take(second, "r2", OTHER).instead_of is None
    second.begin(run("r2"))
    assert {item.id: item.status for item in second.runs(9)} == {"r2": "running", "r1": "abandoned"}


def test_a_lease_of_another_run_of_a_living_process_stays(two):
    first, second, die = two
    take(first, "r1")
    kept = take(second, "r0", OTHER)
    die()
    take(second, "r2")
    assert kept in second.leases()


def test_a_lease_that_is_free_is_instead_of_nobodys(two):
    first, second, die = two
    first.release(take(first, "r1"))
    die()
    assert take(second, "r2").instead_of is None
    assert take(second, "r2").instead_of is None


def test_a_renewed_lease_still_tells_its_process(two):
    first, second, die = two
    first.renew(take(first, "r1"), TTL)
    take(first, "r1")
    assert refused(second).pid == 100
    die()
    assert take(second, "r2").instead_of.pid == 100


def test_what_can_not_tell_who_it_is_holds_its_lease_as_ever(machine, url):
    lease = take(machine(Told()), "r1")
    assert (lease.pid, sql(url, "SELECT actor FROM leases")) == (0, [("ann@r1",)])
    error = refused(machine(Everybody()))
    assert (error.pid, "process" in error.message) == (0, False)


@pytest.mark.parametrize(
    "actor",
    [
        "ann@r1",
        "",
        "ann@r1 [process 1 2 here]",
        "a [process x 2 here 0]",
        "a [process -1 2 here 0]",
        "[process 0 1 h 0]",
    ],
)
def test_what_older_programs_and_nobody_wrote_proves_nothing(machine, url, actor):
    store = machine(Everybody())
    take(store, "r0")
    sql(url, f"UPDATE leases SET run = 'r1', actor = '{actor}'")
    assert refused(store).run == "r1"


def test_an_older_program_reads_and_renews_and_takes_what_we_wrote(two, url):
    first, second, die = two
    take(first, "r1")
    ((actor, since),) = sql(url, "SELECT actor, since FROM leases WHERE until > '2000'")
    assert actor.startswith("ann@r1 [process 100 ")
    sql(url, "UPDATE leases SET until = '2999-01-01T00:00:00.000Z', ttl = 60.0 WHERE resource = '" + RESOURCE + "'")
    assert refused(second).since == since
    columns = "(resource, run, actor, since, until, ttl)"
    row = f"('{RESOURCE}', 'r9', 'bob@old', '{since}', '2999-01-01T00:00:00.000Z', 60.0)"
    sql(url, "DELETE FROM leases", f"INSERT INTO leases {columns} VALUES {row}")
    die()
    error = refused(second)
    assert (error.who, error.pid) == ("bob@old", 0)


def test_the_tables_have_the_version_that_older_programs_know(two, url):
    take(two[0], "r1")
    assert sql(url, "SELECT version FROM meta") == [(2,)]


def test_a_name_that_looks_like_a_process_is_a_name(machine):
    mine = Told(100)
    store = machine(mine)
    held = store.acquire(RESOURCE, "r1", "x [process 7 5 here 0]", TTL)
    assert (held.actor, held.pid) == ("x [process 7 5 here 0]", 100)
    assert store.leases() == (held,)


class Everybody(Told):
    """A machine on which everybody is dead."""

    def is_dead(self, process):
        return True


def _is_linked(store):
    """Tell whether the server still has the connection of the first holder; it notices the end a moment later."""
    with store._database.writing() as session:
        column = session.rows("SELECT actor FROM leases WHERE run = 'r1'")
        return any(session.is_linked(int(text.rpartition(" ")[2].rstrip("]"))) for (text,) in column)


def _until(so):
    deadline = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
