"""Leases: mutual exclusion per host, with who, since when, and an end that comes by itself.

Time is the store's, and may go wrong. A clock that was put back leaves leases whose end is further away than
they were given: nobody can tell whether such a holder lives. It counts as living, and its lease as renewed at
the moment when it is found, so that it ends at most one `ttl` later: never two holders, and never one for ever.
A clock that was put forward ends leases early: their holders learn it from `renewed`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.errors import LeaseHeld
from reconciler.ports import Lease
from reconciler.registry.database import Session

MARK = " [process "  # what follows it in the column `actor` is not for people


def renewed(session: Session, lease: Lease, ttl: float) -> Lease:
    """Return the lease with a new end; raises LeaseHeld if the row is not its own any more."""
    rows = session.rows("SELECT resource, run, actor, since, until FROM leases WHERE resource = ?", lease.resource)
    for row in rows:
        there = _lease(*row)
        if (there.run, there.since) != (lease.run, lease.since):
            raise held(there)
    if not rows:
        raise LeaseHeld(
            "the lease was not renewed in time, and another run has had it in between",
            hint="plan again; if this machine was not asleep, look at its load and its clock",
        )
    until = end_of(session.now(), ttl)
    session.change(
        "UPDATE leases SET actor = ?, until = ?, ttl = ? WHERE resource = ?",
        *(_relinked(rows[0][2], session), until, ttl, lease.resource),
    )
    return replace(lease, until=until)


def current(session: Session) -> tuple[Lease, ...]:
    """Return the leases that are held now, sorted by resource."""
    return tuple(lease for lease, _ in held_now(session))


def held_now(session: Session) -> Sequence[tuple[Lease, str]]:
    """Return the leases that are held now, sorted by resource, each with all that its column says of its holder."""
    rows = session.rows(
        "SELECT resource, run, actor, since, until FROM leases WHERE until > ? ORDER BY resource", text(session.now())
    )
    return [(_lease(*row), row[2]) for row in rows]


def held(lease: Lease) -> LeaseHeld:
    """Return the error that tells who holds a lease."""
    since, until = (moment[11:19] + "Z" for moment in (lease.since, lease.until))
    process = f", process {lease.pid}," if lease.pid else ""
    error = LeaseHeld(
        f"it is being written to by {lease.actor}{process} since {since} (run {lease.run}), at most until {until}"
        " if that run does not renew its lease",
        who=lease.actor,
        run=lease.run,
        since=lease.since,
        until=lease.until,
        hint="wait until it is done; the lease of a run that died ends by itself, at once where that can be proved",
    )
    error.pid = lease.pid
    return error


def text(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, to the millisecond, so that texts sort as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bound(session: Session, now: datetime) -> None:
    """Let no lease end later than if it were renewed now; only a clock that was put back makes one."""
    for resource, until, ttl in session.rows("SELECT resource, until, ttl FROM leases"):
        if until > end_of(now, ttl):
            session.change("UPDATE leases SET until = ? WHERE resource = ?", end_of(now, ttl), resource)


def end_of(now: datetime, ttl: float) -> str:
    """Return when a lease ends that begins now, or is renewed."""
    return text(now + timedelta(seconds=ttl))


def parted(column: str) -> tuple[str, str]:
    """Return the name of a holder, and what the column says of its process; empty where it says nothing."""
    actor, mark, process = column.rpartition(MARK)
    return (actor, process) if mark else (column, "")


def _lease(resource: str, run: str, column: str, since: str, until: str) -> Lease:
    actor, process = parted(column)
    pid = process.partition(" ")[0]
    return Lease(resource, run, actor, since, until, int(pid) if pid.isdecimal() else 0)


def _relinked(column: str, session: Session) -> str:
    """Return what the column says of a holder that has just spoken through this connection."""
    return f"{column.rpartition(' ')[0]} {session.link()}]" if parted(column)[1] else column
