"""The file of the default store: making it, opening it, bringing it forward, and its failures in our words.

It keeps SQLite's rollback journal instead of a write-ahead log: our writes are few and
tiny, and so the registry stays one file that can be copied, and can be read where
nothing may be written. A file is made whole and only then put in its place, so that a
file without tables is always a damaged registry and never a new one.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from reconciler.core.frozen import dataclass
from reconciler.core.health import Condition
from reconciler.errors import RegistryError, RegistryUnavailable
from reconciler.registry.database import RESTORE, Lineage, bring_forward, found, looked_at
from reconciler.registry.schema import MIGRATIONS, Migrations

BUSY_TIMEOUT = 20.0  # seconds to wait for another process to finish its write

Now = Callable[[], datetime]
"""Gives the time of day, with a time zone: everybody who shares a file shares a machine, and so a clock."""


def utc_now() -> datetime:
    """Return the time of day of this machine."""
    return datetime.now(UTC)


_HINTS = {
    sqlite3.SQLITE_NOTADB: RESTORE,
    sqlite3.SQLITE_CORRUPT: RESTORE,
    sqlite3.SQLITE_BUSY: "another process is writing to it; try again",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable for you",
    sqlite3.SQLITE_CANTOPEN: "check that it is a file, and that you may read it and write its folder",
    sqlite3.SQLITE_FULL: "free some space on that disk",
}


class SqliteFile:
    """One connection to one file, guarded by a lock, so that threads may share it."""

    def __init__(self, path: Path, lineage: Lineage, now: Now = utc_now, migrations: Migrations = MIGRATIONS) -> None:
        self._path, self._lineage, self._now, self._migrations = path, lineage, now, migrations
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator["SqliteSession | None"]:
        """Give a session, or None where there is no file; raises RegistryUnavailable."""
        with self._lock, self._translated():
            yield self._session(self._opened()) if self._exists() else None

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator["SqliteSession"]:
        """Give a session with which nobody else writes at the same time: all of it counts, or nothing.

        Raises RegistryError for what the tables refuse, RegistryUnavailable where nothing can be written.
        """
        with self._lock, self._translated():
            if not self._exists():
                if not create:
                    raise RegistryUnavailable("the registry is gone", where=str(self._path), hint=RESTORE)
                self._create()
            connection = self._opened()
            with _transaction(connection):
                yield self._session(connection)

    def condition(self) -> Condition:
        """Return how the file is, as SQLite's own quick check finds it, on a connection that can't write."""
        with self._lock, self._translated():
            if not self._exists():
                return Condition(0, len(self._migrations))
            with closing(_connect(self._path, "ro")) as connection:
                ((damage,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
                self._version(connection, newer=True)
                session, damage = self._session(connection), "" if damage == "ok" else str(damage)
                writable = all(os.access(path, os.W_OK) for path in (self._path, self._path.parent))
                return looked_at(session, self._migrations, writable=writable, damage=damage)

    def close(self) -> None:
        """Close the file; whoever uses it again opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def damaged(self, why: str) -> RegistryUnavailable:
        """Return the error to raise for content that can't be ours."""
        return RegistryUnavailable(f"the registry is damaged: {why}", where=str(self._path), hint=RESTORE)

    def _exists(self) -> bool:
        """Tell whether there is a file; a folder that may not be looked into raises, which is not the same as none."""
        try:
            self._path.stat()
        except FileNotFoundError:
            return False
        return True

    def _create(self) -> None:
        """Make a whole registry beside its place and link it there; where another process was first, use that one."""
        import tempfile

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._path.parent, prefix=".new-registry-") as folder:
            fresh = Path(folder, "registry.db")
            fresh.touch(mode=0o600)
            connection = _connect(fresh)
            try:
                with _transaction(connection):
                    found(self._session(connection), self._migrations, self._lineage)
            finally:
                connection.close()
            try:
                self._path.hardlink_to(fresh)
            except FileExistsError:
                return

    def _opened(self) -> sqlite3.Connection:
        """Return the connection, opening the file and bringing it to this code's version if it is older."""
        if self._connection is None:
            connection = _connect(self._path)
            try:
                if self._version(connection) < len(self._migrations):
                    self._bring_forward(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _version(self, connection: sqlite3.Connection, *, newer: bool = False) -> int:
        """Return the version of the tables; raises RegistryUnavailable where there are none.

        For a version that this program does not know as well, unless `newer` ones may be.
        """
        ours = connection.execute("SELECT name FROM sqlite_master WHERE name = 'meta'").fetchone()
        row = connection.execute("SELECT version FROM meta").fetchone() if ours else None
        if row is None:
            raise self.damaged("the file holds no registry")
        if row[0] > len(self._migrations) and not newer:
            message = f"the registry has version {row[0]}, and this program knows {len(self._migrations)}"
            raise RegistryUnavailable(message, where=str(self._path), hint="upgrade reconciler")
        return int(row[0])

    def _bring_forward(self, connection: sqlite3.Connection) -> None:
        with _transaction(connection):
            version = self._version(connection)  # another process may just have done it
            bring_forward(self._session(connection), self._migrations, version)

    def _session(self, connection: sqlite3.Connection) -> "SqliteSession":
        return SqliteSession(connection, self._now)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what SQLite, the file system and unreadable rows say into our errors."""
        where = str(self._path)
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise RegistryError(f"the registry refuses this entry: {error}", where=where) from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            raise RegistryUnavailable(str(error), where=where, hint=_HINTS.get(code, "")) from error
        except OSError as error:
            hint = "check the path and its permissions, or name another registry"
            raise RegistryUnavailable((error.strerror or str(error)).lower(), where=where, hint=hint) from error
        except ValueError as error:
            raise self.damaged(str(error)) from error


@dataclass(frozen=True, slots=True)
class SqliteSession:
    """A Session on a connection."""

    _connection: sqlite3.Connection
    now: Now

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds."""
        return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def link(self) -> int:
        """Return 0: everybody who shares a file shares a machine, and nobody stands between."""
        return 0

    def is_linked(self, link: int) -> bool:
        """Return False for what never was a number here."""
        return link != 0


def _connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a file that exists; SQLite itself falls back to reading where it may not write."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
