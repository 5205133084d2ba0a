"""The file of the default store: how it is made, and what is said when it can't be used."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import RegistryUnavailable
from reconciler.registry.schema import MIGRATIONS
from reconciler.registry.sql_store import SqlStore
from reconciler.registry.sqlite_file import SqliteFile
from tests.registry.entries import NOON, outcome, recorded, run

TABLES = {"meta", "records", "runs", "outcomes", "leases", "journal"}


def opened(path, migrations=MIGRATIONS):
    return SqlStore(SqliteFile(path, lambda: "lineage", migrations=migrations))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "registry.db"


@pytest.fixture
def filled(path):
    """Return the path of a registry with one record."""
    store = opened(path)
    store.begin(run())
    store.save("r1", NOON, outcome(), recorded())
    store.close()
    return path


def refused(act):
    """Return the error of an act that must fail, with a place and something to do."""
    with pytest.raises(RegistryUnavailable) as caught:
        act()
    assert caught.value.where
    assert caught.value.hint
    return caught.value


def test_reading_makes_nothing(path):
    store = opened(path)
    store.read()
    store.runs(1)
    store.events()
    assert not path.parent.exists()


def test_the_file_is_for_its_owner_only_and_alone(filled):
    assert stat.S_IMODE(filled.stat().st_mode) == 0o600
    assert list(filled.parent.iterdir()) == [filled]


def test_six_tables(filled):
    with sqlite3.connect(filled) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert names == TABLES


@pytest.mark.parametrize(
    "content",
    [b"", b"not a database at all, but long enough to be taken for one" * 99, b"SQLite format 3\0" + b"\xff" * 5000],
    ids=["empty", "text", "torn"],
)
def test_a_damaged_file_is_never_an_empty_registry(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    store = opened(path)
    assert "backup" in refused(store.read).hint
    assert "backup" in refused(lambda: store.begin(run())).hint
    assert path.read_bytes() == content


def test_a_cut_file_is_never_an_empty_registry(filled):
    content = filled.read_bytes()
    filled.write_bytes(content[: len(content) // 2])
    refused(opened(filled).read)


def test_a_database_of_somebody_else_is_left_alone(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    assert "holds no registry" in refused(opened(path).read).message


@pytest.mark.parametrize(("table", "act"), [("records", "read"), ("outcomes", "events")])
def test_an_unreadable_row_is_named_and_not_skipped(filled, table, act):
    with sqlite3.connect(filled) as connection:
        connection.execute(f"UPDATE {table} SET {table[:-1]} = '{{\"host\": 5}}'")
    connection.close()
    assert "damaged" in refused(getattr(opened(filled), act)).message


def test_an_older_registry_is_brought_forward_and_a_newer_one_refused(filled):
    newer = (*MIGRATIONS, ("ALTER TABLE records ADD COLUMN colour TEXT", "UPDATE records SET colour = 'red'"))
    store = opened(filled, newer)
    assert store.read().records == (recorded(),)
    assert store.read().serial == 2
    store.close()
    with sqlite3.connect(filled) as connection:
        assert connection.execute("SELECT colour FROM records").fetchall() == [("red",)]
    connection.close()
    assert opened(filled, newer).read().records == (recorded(),)
    assert "upgrade" in refused(opened(filled).read).hint
    assert "upgrade" in refused(lambda: opened(filled).begin(run("r2"))).hint


def test_a_step_forward_that_fails_changes_nothing(filled):
    broken = (*MIGRATIONS, ("ALTER TABLE records ADD COLUMN colour TEXT", "UPDATE no_such_table SET colour = 'red'"))
    with pytest.raises(RegistryUnavailable, match="no_such_table"):
        opened(filled, broken).read()
    assert opened(filled).read().records == (recorded(),)


def test_a_registry_that_vanishes_during_a_run_is_missed(filled):
    store = opened(filled)
    store.begin(run("r2"))
    filled.unlink()
    assert "gone" in refused(lambda: store.save("r2", NOON, outcome(), recorded())).message
    assert not filled.exists()
    store.close()


def test_a_writer_waits_for_another(filled):
    other = sqlite3.connect(filled, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    with ThreadPoolExecutor(1) as pool:
        store = opened(filled)
        waiting = pool.submit(store.begin, run("r2"))
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        other.execute("ROLLBACK")
        waiting.result(10)
    other.close()
    assert [item.id for item in store.runs(1)] == ["r2"]
    store.close()


@pytest.mark.parametrize("name", ["file/registry.db", "folder", "no\0name"])
def test_a_place_that_can_not_be_one_is_named(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    store = opened(tmp_path / name)
    refused(store.read)
    refused(lambda: store.begin(run()))


def test_a_registry_from_before_leases_gets_them_and_keeps_its_runs(path):
    old = opened(path, MIGRATIONS[:1])
    old.begin(run())
    old.close()
    store = opened(path)
    assert [item.id for item in store.runs(9)] == ["r1"]
    lease = store.acquire("http://h", "r2", "ann@desk", 30.0)
    assert store.leases() == (lease,)
    assert store.read().serial == 1
    store.close()
