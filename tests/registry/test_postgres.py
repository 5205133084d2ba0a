"""The team's store: what it says when it can't be used, never with the password, and what it lives through."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from reconciler.core.state import RecordedState
from reconciler.errors import RegistryError, RegistryUnavailable
from reconciler.registry.postgres import PostgresDatabase
from reconciler.registry.schema import MIGRATIONS
from reconciler.registry.sql_store import SqlStore
from tests.parts.postgres import PASSWORD, RealPostgres
from tests.registry.entries import NOON, outcome, recorded, run

TABLES = {"meta", "records", "runs", "outcomes", "leases", "journal"}


@pytest.fixture
def opened():
    """Return a function that opens a store and closes it in the end."""
    stores = []

    def store(url, migrations=MIGRATIONS):
        stores.append(SqlStore(PostgresDatabase(url, lambda: "lineage", migrations)))
        return stores[-1]

    yield store
    for made in stores:
        made.close()


@pytest.fixture
def filled(database, opened):
    """Return the address of a registry with one record."""
    store = opened(database)
    store.begin(run())
    store.save("r1", NOON, outcome(), recorded())
    return database


def sql(url, *statements):
    """Run statements and return what the last one finds."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def tables(url):
    return {name for (name,) in sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def refused(act):
    """Return the error of an act that must fail, with a place and something to do, and without the password."""
    with pytest.raises(RegistryUnavailable) as caught:
        act()
    assert caught.value.where.startswith("postgresql://127.0.0.1:")
    assert caught.value.hint
    said = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in said
    assert "wrong-s3cret" not in said
    return caught.value


def test_reading_an_empty_database_makes_nothing(database, opened):
    store = opened(database)
    assert store.read() == RecordedState(lineage="", serial=0)
    assert (list(store.runs(1)), list(store.events()), list(store.leases())) == ([], [], [])
    assert tables(database) == set()


def test_six_tables(filled):
    assert tables(filled) == TABLES


def test_a_registry_can_be_read_by_whoever_may_only_read(filled, opened):
    sql(filled, "ALTER DATABASE " + filled.rpartition("/")[2] + " SET default_transaction_read_only = on")
    store = opened(filled)
    assert store.read().records == (recorded(),)
    assert "may only be read" in refused(lambda: store.begin(run("r2"))).hint


@pytest.mark.parametrize("trouble", ["password", "database", "port"])
def test_a_server_that_can_not_be_reached_is_said_without_the_password(trouble, postgres, opened):
    url = {
        "password": postgres.url(password="wrong-s3cret"),
        "database": postgres.url("no_such_database"),
        "port": postgres.url().replace(f":{postgres.port}/", ":1/"),
    }[trouble]
    error = refused(opened(url).read)
    assert error.retryable
    assert error.message


def test_an_entry_that_the_tables_refuse_is_not_called_a_failure_of_the_server(filled, opened):
    with pytest.raises(RegistryError, match="refuses this entry: duplicate key") as caught:
        opened(filled).begin(run("r1"))
    assert not isinstance(caught.value, RegistryUnavailable)


def test_a_database_of_somebody_else_is_left_alone(database, opened):
    sql(database, "CREATE TABLE meta (title TEXT)", "INSERT INTO meta VALUES ('song')")
    assert "no other program" in refused(opened(database).read).hint
    assert "no other program" in refused(lambda: opened(database).begin(run())).hint
    assert tables(database) == {"meta"}


def test_an_unreadable_row_is_named_and_not_skipped(filled, opened):
    sql(filled, "UPDATE records SET record = '{\"host\": 5}'")
    assert "damaged" in refused(opened(filled).read).message


def test_a_registry_that_vanishes_during_a_run_is_missed(filled, opened):
    store = opened(filled)
    store.begin(run("r2"))
    sql(filled, *(f"DROP TABLE {name} CASCADE" for name in TABLES))
    assert "gone" in refused(lambda: store.save("r2", NOON, outcome(), recorded())).message
    assert tables(filled) == set()


def test_an_older_registry_is_brought_forward_and_a_newer_one_refused(filled, opened):
    newer = (*MIGRATIONS, ("ALTER TABLE records ADD COLUMN colour TEXT", "UPDATE records SET colour = 'red'"))
    assert opened(filled, newer).read() == RecordedState("lineage", 2, (recorded(),))
    assert sql(filled, "SELECT colour FROM records") == [("red",)]
    opened(filled, newer).begin(run("r2"))
    assert "upgrade" in refused(opened(filled).read).hint
    assert "upgrade" in refused(lambda: opened(filled).begin(run("r3"))).hint


def test_a_step_forward_that_fails_changes_nothing(filled, opened):
    broken = (*MIGRATIONS, ("ALTER TABLE records ADD COLUMN colour TEXT", "UPDATE no_such_table SET colour = 'red'"))
    assert "no_such_table" in refused(opened(filled, broken).read).message
    assert opened(filled).read().records == (recorded(),)


def test_a_writer_waits_for_another(filled, opened):
    store = opened(filled)
    with closing(psycopg.connect(filled)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT * FROM meta FOR UPDATE")
        waiting = pool.submit(store.begin, run("r2"))
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        other.rollback()
        waiting.result(10)
    assert [item.id for item in store.runs(1)] == ["r2"]


def test_a_dropped_connection_is_made_anew(filled, opened):
    store = opened(filled)
    assert store.read().serial == 2
    sql(filled, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconciler'")
    store.begin(run("r2"))
    assert store.read().serial == 3


def test_time_is_the_servers(filled, opened):
    lease = opened(filled).acquire("http://h", "r1", "ann@desk", 30.0)
    ((there,),) = sql(filled, "SELECT clock_timestamp()")
    assert timedelta(0) <= there - datetime.fromisoformat(lease.since) < timedelta(seconds=5)
    assert datetime.fromisoformat(lease.since).tzinfo == UTC


def test_a_session_elsewhere_in_the_world_writes_the_same_time(filled, opened):
    sql(filled, "ALTER DATABASE " + filled.rpartition("/")[2] + " SET timezone = 'Pacific/Kiritimati'")
    lease = opened(filled).acquire("http://h", "r1", "ann@desk", 30.0)
    assert abs(datetime.fromisoformat(lease.since) - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_store_outlives_a_restart_of_its_server(opened):
    with RealPostgres() as server:
        store = opened(server.url())
        store.begin(run())
        lease = store.acquire("http://h", "r1", "ann@desk", 30.0)
        server.kill()
        assert refused(lambda: store.save("r1", NOON, outcome(), recorded())).retryable
        server.start()
        store.save("r1", NOON, outcome(), recorded())
        assert store.renew(lease, 30.0).since == lease.since
        assert store.read() == RecordedState("lineage", 2, (recorded(),))
        store.close()
