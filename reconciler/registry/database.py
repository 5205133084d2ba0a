"""What a database must offer to hold our registry; `sql_store.py` needs nothing else of it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from reconciler.core.health import Condition
from reconciler.registry.schema import Migrations

Lineage = Callable[[], str]
"""Gives a new registry an identity of its own."""

RESTORE = "restore it from a backup; or move it away to start afresh, and every model on the hosts counts as not ours"


class Session(Protocol):
    """One transaction. Values stand in SQL as `?`."""

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds."""

    def change(self, sql: str, *values: object) -> int:
        """Run a statement and return how many rows it changed."""

    def now(self) -> datetime:
        """Return the time of day by the clock that everybody who shares this database goes by, with a time zone."""

    def link(self) -> int:
        """Return the number of this connection at the server; 0 where there is no server that could know one."""

    def is_linked(self, link: int) -> bool:
        """Tell whether the connection of this number may still be there, by the word of the server."""


class Database(Protocol):
    """A place of tables; threads may share it."""

    def reading(self) -> AbstractContextManager[Session | None]:
        """Give a session that changes nothing, or None where there is no registry yet."""

    def writing(self, *, create: bool = False) -> AbstractContextManager[Session]:
        """Give a session with which nobody else writes at the same time; all of it counts, or nothing.

        Raises RegistryUnavailable where there is no registry, unless it is to be created.
        """

    def condition(self) -> Condition:
        """Return how the registry is, changing nothing; raises RegistryUnavailable where it can't be looked at."""

    def close(self) -> None:
        """Let go; whoever uses it again opens it again."""


def found(session: Session, migrations: Migrations, lineage: Lineage) -> None:
    """Make the tables of a new registry."""
    _run(session, migrations)
    session.change("INSERT INTO meta (id, version, lineage, serial) VALUES (1, ?, ?, 0)", len(migrations), lineage())


def bring_forward(session: Session, migrations: Migrations, version: int) -> None:
    """Take the steps that tables of this version lack."""
    _run(session, migrations[version:])
    session.change("UPDATE meta SET version = ?", len(migrations))


def looked_at(session: Session, migrations: Migrations, *, writable: bool, damage: str = "") -> Condition:
    """Return how a registry that is there is."""
    ((version, lineage, serial),) = session.rows("SELECT version, lineage, serial FROM meta")
    ((records,),) = session.rows("SELECT COUNT(*) FROM records")
    return Condition(version, len(migrations), lineage, serial, records, writable, damage)


def _run(session: Session, steps: Migrations) -> None:
    for step in steps:
        for statement in step:
            session.change(statement)
