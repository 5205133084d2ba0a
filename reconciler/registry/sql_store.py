"""The record store, in SQL that every `Database` reads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, assert_never

from reconciler.core.health import Condition
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.outcome import Outcome
from reconciler.core.state import Recorded, RecordedState
from reconciler.errors import RegistryError
from reconciler.ports import Event, Forget, Lease, Leftover, Run
from reconciler.registry import leases
from reconciler.registry.codec import outcome_from, outcome_text, record_from, record_text
from reconciler.registry.database import Database, Session

if TYPE_CHECKING:
    from reconciler.registry.processes import Processes


class SqlStore:
    """A RecordStore in a database; threads, processes and machines share it as far as the database lets them."""

    def __init__(self, database: Database, processes: "Processes | None" = None) -> None:
        self._database, self._processes = database, processes

    def read(self) -> RecordedState:
        """Return every record, sorted by address; of a registry that does not exist, nothing, and it stays so.

        A registry that holds no more than leases says the same, so that a plan made before it was there still fits.
        """
        with self._database.reading() as session:
            rows = _rows(
                session, "SELECT meta.lineage, meta.serial, records.record FROM meta LEFT JOIN records ON 1 = 1"
            )
            records = [record_from(text) for _, _, text in rows if text is not None]
        lineage, serial = rows[0][:2] if rows else ("", 0)
        return RecordedState(
            lineage if serial else "", serial, tuple(sorted(records, key=lambda record: record.address))
        )

    def begin(self, run: Run) -> None:
        """Put a run on record before its first write; creates the registry if there is none.

        A run that is taken for dead, and is not, has the last word when it ends.
        """
        with self._database.writing(create=True) as session:
            session.change(
                "UPDATE runs SET status = 'abandoned' WHERE status = 'running'"
                " AND id NOT IN (SELECT run FROM leases WHERE until > ?)",
                leases.text(session.now()),
            )
            session.change(
                "INSERT INTO runs (id, serial, started_at, plan, actor, ended_at, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(run.id, _next_serial(session), run.started_at, run.plan, run.actor, run.ended_at, run.status),
            )

    def start(self, run: str, at: str, address: Address, temporary: Sequence[ModelName]) -> None:
        """Put on record, before a change begins, the names that it makes on the host and removes again.

        A change that is tried again was on record before, and stays so.
        """
        with self._database.writing() as session:
            for name in temporary:
                session.change(
                    "INSERT INTO journal (run, host, model, name, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    *(run, address.host, address.model.key, str(name), at),
                )

    def save(self, run: str, at: str, outcome: Outcome, effect: Recorded | Forget | None) -> None:
        """Put an outcome on record together with what it does to the records, or neither."""
        address = outcome.address
        with self._database.writing() as session:
            session.change(
                "INSERT INTO outcomes (serial, run, at, model, outcome) VALUES (?, ?, ?, ?, ?)",
                *(_next_serial(session), run, at, address.model.key, outcome_text(outcome)),
            )
            session.change(
                "DELETE FROM journal WHERE run = ? AND host = ? AND model = ?", run, address.host, address.model.key
            )
            _take_effect(session, effect)

    def end(self, run: str, at: str, status: str) -> None:
        """Put the end of a run on record, once; raises RegistryError for a run that is not going on."""
        with self._database.writing() as session:
            _next_serial(session)
            ended = session.change(
                "UPDATE runs SET ended_at = ?, status = ? WHERE id = ? AND ended_at IS NULL", at, status, run
            )
            if ended != 1:
                raise RegistryError(f"run {run} is not on record as going on")

    def runs(self, limit: int) -> Sequence[Run]:
        """Return the latest runs, newest first."""
        sql = "SELECT id, started_at, plan, actor, ended_at, status FROM runs ORDER BY serial DESC LIMIT ?"
        with self._database.reading() as session:
            return tuple(Run(*row) for row in _rows(session, sql, limit))

    def events(self, run: str | None = None, model: ModelName | None = None, limit: int = 100) -> Sequence[Event]:
        """Return outcomes, newest first; of one run, of one model, or of all."""
        sql = (
            "SELECT run, at, outcome FROM outcomes"
            " WHERE run = COALESCE(CAST(? AS TEXT), run) AND model = COALESCE(CAST(? AS TEXT), model)"
            " ORDER BY serial DESC LIMIT ?"
        )
        with self._database.reading() as session:
            rows = _rows(session, sql, run, model.key if model is not None else None, limit)
            return tuple(Event(of, at, outcome_from(text)) for of, at, text in rows)

    def leftovers(self, host: HostName) -> Sequence[Leftover]:
        """Return what dead runs started on a host and never saved, oldest first."""
        with self._database.reading() as session:
            if session is None:
                return ()
            rows = session.rows(
                "SELECT DISTINCT run, at, name FROM journal"
                " WHERE host = ? AND run NOT IN (SELECT run FROM leases WHERE until > ?) ORDER BY at, run, name",
                *(host, leases.text(session.now())),
            )
            return tuple(Leftover(run, at, host, ModelName.parse(name)) for run, at, name in rows)

    def clear(self, leftover: Leftover) -> None:
        """Take a leftover off the record, now that it is off the host."""
        with self._database.writing() as session:
            session.change(
                "DELETE FROM journal WHERE run = ? AND host = ? AND name = ?",
                *(leftover.run, leftover.host, str(leftover.name)),
            )

    def acquire(self, resource: str, run: str, actor: str, ttl: float) -> Lease:
        """Return a lease on `resource` for `ttl` seconds; raises LeaseHeld. Creates the registry if there is none.

        That of a process which is proved to be dead is taken over, and all others of the same run end with it.
        """
        from reconciler.registry.processes import Kernel
        from reconciler.registry.taking import acquired

        wanted = Lease(resource, run, actor, since="", until="")
        with self._database.writing(create=True) as session:
            lease = acquired(session, wanted, ttl, self._processes or Kernel())
        if lease.run != run:
            raise leases.held(lease)
        return lease

    def renew(self, lease: Lease, ttl: float) -> Lease:
        """Return the lease, good for `ttl` seconds from now; raises LeaseHeld once anybody else has had it."""
        with self._database.writing() as session:
            return leases.renewed(session, lease, ttl)

    def release(self, lease: Lease) -> None:
        """Give a lease back; one that is not held any more is no error, and another's is never touched."""
        with self._database.writing() as session:
            session.change(
                "DELETE FROM leases WHERE resource = ? AND run = ? AND since = ?",
                *(lease.resource, lease.run, lease.since),
            )

    def leases(self) -> Sequence[Lease]:
        """Return the leases that are held now, sorted by resource."""
        with self._database.reading() as session:
            return leases.current(session) if session is not None else ()

    def condition(self) -> Condition:
        """Return how the database is, changing nothing."""
        return self._database.condition()

    def close(self) -> None:
        """Let go of the database; whoever uses the store again opens it again."""
        self._database.close()


def _rows(session: Session | None, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
    """Return what a query finds; in a registry that does not exist, nothing."""
    return session.rows(sql, *values) if session is not None else ()


def _next_serial(session: Session) -> int:
    """Raise the serial and return it."""
    session.change("UPDATE meta SET serial = serial + 1")
    ((serial,),) = session.rows("SELECT serial FROM meta")
    return int(serial)


def _take_effect(session: Session, effect: Recorded | Forget | None) -> None:
    match effect:
        case Recorded(address=address):
            session.change(
                "INSERT INTO records (host, model, record) VALUES (?, ?, ?)"
                " ON CONFLICT (host, model) DO UPDATE SET record = excluded.record",
                *(address.host, address.model.key, record_text(effect)),
            )
        case Forget(address=address):
            session.change("DELETE FROM records WHERE host = ? AND model = ?", address.host, address.model.key)
        case None:
            pass
        case _:
            assert_never(effect)
