"""Leases: mutual exclusion per host, with who, since when, and an end that comes by itself.

Time is the store's, and may go wrong. A clock that was put back leaves leases whose end is further away than
they were given: nobody can tell whether such a holder lives. It counts as living, and its lease as renewed at
the moment when it is found, so that it ends at most one `ttl` later: never two holders, and never one for ever.
A clock that was put forward ends leases early: their holders learn it from `renewed`.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.errors import LeaseHeld
from reconciler.ports import Lease
from reconciler.registry.database import Session


def acquired(session: Session, resource: str, run: str, actor: str, ttl: float) -> Lease:
    """Return the lease on `resource` as it is from now on: of this run, or of another that holds it."""
    now = session.now()
    _bound(session, now)
    for lease in current(session):
        if lease.resource == resource:
            return renewed(session, lease, ttl) if lease.run == run else lease
    lease = Lease(resource, run, actor, text(now), _end(now, ttl))
    session.change("DELETE FROM leases WHERE resource = ?", resource)
    session.change(
        "INSERT INTO leases (resource, run, actor, since, until, ttl) VALUES (?, ?, ?, ?, ?, ?)",
        *(resource, run, actor, lease.since, lease.until, ttl),
    )
    return lease


def renewed(session: Session, lease: Lease, ttl: float) -> Lease:
    """Return the lease with a new end; raises LeaseHeld if the row is not its own any more."""
    rows = session.rows("SELECT run, actor, since, until FROM leases WHERE resource = ?", lease.resource)
    for run, actor, since, until in rows:
        if (run, since) != (lease.run, lease.since):
            raise held(Lease(lease.resource, run, actor, since, until))
    if not rows:
        raise LeaseHeld(
            "the lease was not renewed in time, and another run has had it in between",
            hint="plan again; if this machine was not asleep, look at its load and its clock",
        )
    until = _end(session.now(), ttl)
    session.change("UPDATE leases SET until = ?, ttl = ? WHERE resource = ?", until, ttl, lease.resource)
    return replace(lease, until=until)


def current(session: Session) -> tuple[Lease, ...]:
    """Return the leases that are held now, sorted by resource."""
    rows = session.rows(
        "SELECT resource, run, actor, since, until FROM leases WHERE until > ? ORDER BY resource", text(session.now())
    )
    return tuple(Lease(*row) for row in rows)


def held(lease: Lease) -> LeaseHeld:
    """Return the error that tells who holds a lease."""
    since, until = (moment[11:19] + "Z" for moment in (lease.since, lease.until))
    return LeaseHeld(
        f"it is being written to by {lease.actor} since {since} (run {lease.run}), at most until {until}"
        " if that run does not renew its lease",
        who=lease.actor,
        run=lease.run,
        since=lease.since,
        until=lease.until,
        hint="wait until it is done; the lease of a run that died ends by itself",
    )


def text(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, to the millisecond, so that texts sort as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bound(session: Session, now: datetime) -> None:
    """Let no lease end later than if it were renewed now; only a clock that was put back makes one."""
    for resource, until, ttl in session.rows("SELECT resource, until, ttl FROM leases"):
        if until > _end(now, ttl):
            session.change("UPDATE leases SET until = ? WHERE resource = ?", _end(now, ttl), resource)


def _end(now: datetime, ttl: float) -> str:
    return text(now + timedelta(seconds=ttl))
