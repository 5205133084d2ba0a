"""The default store: one SQLite file of the user's own."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

from reconciler.core.names import ModelName
from reconciler.core.outcome import Outcome
from reconciler.core.state import Recorded, RecordedState
from reconciler.errors import RegistryError
from reconciler.ports import Event, Forget, Run
from reconciler.registry.codec import outcome_from, outcome_text, record_from, record_text
from reconciler.registry.schema import MIGRATIONS, Migrations
from reconciler.registry.sqlite_file import SqliteFile


class SqliteStore:
    """A RecordStore in one file; threads and processes may share it."""

    def __init__(self, path: Path, lineage: Callable[[], str], migrations: Migrations = MIGRATIONS) -> None:
        self._file = SqliteFile(path, lineage, migrations)

    def read(self) -> RecordedState:
        """Return every record, sorted by address; of a registry that does not exist, nothing, and it stays so."""
        with self._file.reading() as connection:
            if connection is None:
                return RecordedState(lineage="", serial=0)
            rows = connection.execute(
                "SELECT meta.lineage, meta.serial, records.record FROM meta LEFT JOIN records ON 1 = 1"
            ).fetchall()
            records = [record_from(text) for _, _, text in rows if text is not None]
        lineage, serial, _ = rows[0]
        return RecordedState(lineage, serial, tuple(sorted(records, key=lambda record: record.address)))

    def begin(self, run: Run) -> None:
        """Put a run on record before its first write; creates the registry if there is none."""
        with self._file.writing(create=True) as (connection, serial):
            connection.execute(
                "INSERT INTO runs (id, serial, started_at, plan, actor, ended_at, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run.id, serial, run.started_at, run.plan, run.actor, run.ended_at, run.status),
            )

    def save(self, run: str, at: str, outcome: Outcome, effect: Recorded | Forget | None) -> None:
        """Put an outcome on record together with what it does to the records, or neither."""
        with self._file.writing() as (connection, serial):
            connection.execute(
                "INSERT INTO outcomes (serial, run, at, model, outcome) VALUES (?, ?, ?, ?, ?)",
                (serial, run, at, outcome.address.model.key, outcome_text(outcome)),
            )
            match effect:
                case Recorded(address=address):
                    connection.execute(
                        "INSERT INTO records (host, model, record) VALUES (?, ?, ?)"
                        " ON CONFLICT (host, model) DO UPDATE SET record = excluded.record",
                        (address.host, address.model.key, record_text(effect)),
                    )
                case Forget(address=address):
                    connection.execute(
                        "DELETE FROM records WHERE host = ? AND model = ?", (address.host, address.model.key)
                    )
                case None:
                    pass
                case _:
                    assert_never(effect)

    def end(self, run: str, at: str, status: str) -> None:
        """Put the end of a run on record, once; raises RegistryError for a run that is not going on."""
        with self._file.writing() as (connection, _):
            ended = connection.execute(
                "UPDATE runs SET ended_at = ?, status = ? WHERE id = ? AND ended_at IS NULL", (at, status, run)
            )
            if ended.rowcount != 1:
                raise RegistryError(f"run {run} is not on record as going on")

    def runs(self, limit: int) -> Sequence[Run]:
        """Return the latest runs, newest first."""
        with self._file.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT id, started_at, plan, actor, ended_at, status FROM runs ORDER BY serial DESC LIMIT ?", (limit,)
            )
            return tuple(Run(*row) for row in rows)

    def events(self, run: str | None = None, model: ModelName | None = None, limit: int = 100) -> Sequence[Event]:
        """Return outcomes, newest first; of one run, of one model, or of all."""
        with self._file.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT run, at, outcome FROM outcomes"
                " WHERE (:run IS NULL OR run = :run) AND (:model IS NULL OR model = :model)"
                " ORDER BY serial DESC LIMIT :limit",
                {"run": run, "model": model.key if model is not None else None, "limit": limit},
            )
            return tuple(Event(of, at, outcome_from(text)) for of, at, text in rows)

    def close(self) -> None:
        """Close the file; whoever uses the store again opens it again."""
        self._file.close()
