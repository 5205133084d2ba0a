"""The team's store: one PostgreSQL database that many machines share.

The tables are in the first schema of the connection's search path. Whoever writes holds a lock on the one row
of `meta` until the end of the transaction, so that no two machines ever interleave. Time is the server's, so
that machines whose clocks differ agree on leases. Nothing that is said here holds a password.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from reconciler.core.frozen import dataclass
from reconciler.core.health import Condition
from reconciler.errors import RegistryError, RegistryUnavailable, SettingsError
from reconciler.registry.database import RESTORE, Lineage, bring_forward, found, looked_at
from reconciler.registry.schema import MIGRATIONS, Migrations

Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_TIMEOUT = 10  # seconds
PATIENCE = 20  # seconds to wait for another machine's write, and after which the server ends a write that fell silent
FOUNDING = 0x7265636F6E63  # the lock of whoever makes the tables: before that there is no row to lock

_DEFAULTS = {
    "application_name": "reconciler",
    "connect_timeout": CONNECT_TIMEOUT,
    "keepalives_idle": PATIENCE,  # and with the next, a network that swallows everything is noticed in good time
    "tcp_user_timeout": PATIENCE * 1000,  # milliseconds
}

_HINTS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.LockNotAvailable, "another machine is writing to it; try again"),
    (errors.InsufficientPrivilege, "let this user read and write our tables, and create them where they are missing"),
    (errors.ReadOnlySqlTransaction, "this server may only be read; name the one that can be written"),
    (errors.DiskFull, "free some space on that server"),
    (psycopg.OperationalError, "check that the server runs, and the address, user and password; then try again"),
    (psycopg.ProgrammingError, "check that no other program has tables of these names in this schema"),
)


class PostgresDatabase:
    """A Database behind one connection, guarded by a lock, so that threads may share it."""

    def __init__(self, url: str, lineage: Lineage, migrations: Migrations = MIGRATIONS) -> None:
        self._options = _options(url)
        self._where = "postgresql://{host}:{port}/{dbname}".format_map(
            {"host": "localhost", "port": 5432, "dbname": "", **self._options}
        )
        self._lineage, self._migrations = lineage, migrations
        self._lock = Lock()
        self._connection: Connection | None = None

    @contextmanager
    def reading(self) -> Iterator["PostgresSession | None"]:
        """Give a session, or None where the database holds no registry; raises RegistryUnavailable."""
        with self._transaction() as session:
            if not session.has_tables():
                yield None
                return
            if self._version(session, "SELECT version FROM meta") < len(self._migrations):
                self._bring_forward(session)
            yield session

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator["PostgresSession"]:
        """Give a session with which nobody else writes at the same time: all of it counts, or nothing.

        Raises RegistryError for what the tables refuse, RegistryUnavailable where nothing can be written. If the
        connection breaks while the server says that it is done, the write counts although this raises.
        """
        with self._transaction() as session:
            if not session.has_tables():
                if not create:
                    raise RegistryUnavailable("the registry is gone", where=self._where, hint=RESTORE)
                session.rows("SELECT pg_advisory_xact_lock(?)", FOUNDING)
                if not session.has_tables():
                    found(session, self._migrations, self._lineage)
            self._bring_forward(session)
            yield session

    def condition(self) -> Condition:
        """Return how the database is; the server looks after its integrity itself."""
        with self._transaction() as session:
            if not session.has_tables():
                return Condition(0, len(self._migrations))
            return looked_at(session, self._migrations, writable=session.may_write())

    def close(self) -> None:
        """Close the connection; whoever uses it again opens it again."""
        with self._lock:
            self._disconnect()

    @contextmanager
    def _transaction(self) -> Iterator["PostgresSession"]:
        with self._lock, self._translated():
            connection = self._opened()
            with connection.transaction():
                yield PostgresSession(connection)

    def _opened(self) -> Connection:
        """Return the connection, made anew if it broke since the last call."""
        if self._connection is not None:
            try:
                self._connection.execute("")
            except psycopg.OperationalError:
                self._disconnect()
        if self._connection is None:
            self._connection = psycopg.connect(**self._options, autocommit=True, prepare_threshold=None)
            self._connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # see what was awaited
            self._connection.execute(f"SET lock_timeout = '{PATIENCE}s'")
            self._connection.execute(f"SET idle_in_transaction_session_timeout = '{PATIENCE}s'")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _bring_forward(self, session: "PostgresSession") -> None:
        """Keep everybody else from writing until the transaction ends, and take the steps that the tables lack."""
        version = self._version(session, "SELECT version FROM meta FOR UPDATE")
        if version < len(self._migrations):
            bring_forward(session, self._migrations, version)

    def _version(self, session: "PostgresSession", sql: str) -> int:
        """Return the version of the tables; raises RegistryUnavailable for a newer one and where it is not told."""
        rows = session.rows(sql)
        if not rows:
            raise self._damaged("it does not tell its version")
        version = int(rows[0][0])
        if version > len(self._migrations):
            message = f"the registry has version {version}, and this program knows {len(self._migrations)}"
            raise RegistryUnavailable(message, where=self._where, hint="upgrade reconciler")
        return version

    def _damaged(self, why: str) -> RegistryUnavailable:
        return RegistryUnavailable(f"the registry is damaged: {why}", where=self._where, hint=RESTORE)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the server, the library and unreadable rows say into our errors."""
        try:
            yield
        except psycopg.IntegrityError as error:
            raise RegistryError(f"the registry refuses this entry: {_said(error)}", where=self._where) from error
        except psycopg.Error as error:
            hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")
            raise RegistryUnavailable(_said(error), where=self._where, hint=hint) from error
        except ValueError as error:
            raise self._damaged(str(error)) from error


@dataclass(frozen=True, slots=True)
class PostgresSession:
    """A Session on a connection."""

    _connection: Connection

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds."""
        return self._connection.execute(sql.replace("?", "%s"), values).fetchall()

    def change(self, sql: str, *values: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(sql.replace("?", "%s"), values).rowcount

    def now(self) -> datetime:
        """Return the server's time at this moment: `now()` would be the time before the wait for other writers."""
        ((moment,),) = self.rows("SELECT clock_timestamp()")
        assert isinstance(moment, datetime)
        return moment

    def link(self) -> int:
        """Return the number of the server's own process for this connection, which ends with it."""
        ((number,),) = self.rows("SELECT pg_backend_pid()")
        return int(number)

    def is_linked(self, link: int) -> bool:
        """Tell whether the server still has a process of this number, or does not tell.

        That of a connection pool stays when its client has gone.
        """
        ((told,),) = self.rows("SELECT has_table_privilege('pg_stat_activity', 'SELECT')")
        return not (link and told) or bool(self.rows("SELECT 1 FROM pg_stat_activity WHERE pid = ?", link))

    def may_write(self) -> bool:
        """Tell whether this user may write our tables, and this server be written at all."""
        ((may, standby),) = self.rows("SELECT has_table_privilege('meta', 'UPDATE'), pg_is_in_recovery()")
        return bool(may) and not standby

    def has_tables(self) -> bool:
        """Tell whether the database holds a registry, by its catalogue: `to_regclass` may remember an older answer."""
        ((there,),) = self.rows(
            "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'meta' AND pg_table_is_visible(oid))"
        )
        return bool(there)


def _said(error: psycopg.Error) -> str:
    """Return the first line of what went wrong; libpq adds advice, and never a password."""
    return (error.diag.message_primary or str(error) or type(error).__name__).splitlines()[0]


def _options(url: str) -> dict[str, Any]:
    """Return what a URL asks of a connection; raises SettingsError, which repeats none of it.

    A password with a bare slash is read as a port and the name of a database, which would be shown.
    """
    try:
        asked = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        asked = {"port": "unreadable"}
    if not re.fullmatch("[0-9,]*", str(asked.get("port", ""))) or {"@", "/"} & set(str(asked.get("dbname", ""))):
        hint = "postgresql://user:password@host:5432/database, with special characters of a password as %XX"
        raise SettingsError("the registry's address is no address of a PostgreSQL database", hint=hint)
    return {**_DEFAULTS, **asked}
