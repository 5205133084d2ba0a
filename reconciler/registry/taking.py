"""Taking a lease: one that is free, one's own again, or that of a process which is proved to be dead.

All of it is judged and written in one transaction with which nobody else writes, so that what is taken over is the
very lease that was seen. What is known of the holder's process stands behind its name, in a column that was always
there: older programs show the whole text, and write no more than the name.
"""

from dataclasses import replace

from reconciler.core.holder import Process
from reconciler.ports import Lease
from reconciler.registry.database import Session
from reconciler.registry.leases import MARK, bound, end_of, held_now, parted, renewed, text
from reconciler.registry.processes import Processes


def acquired(session: Session, wanted: Lease, ttl: float, processes: Processes) -> Lease:
    """Return the lease on a resource as it is from now on: the one that is wanted, or that of another run."""
    now = session.now()
    bound(session, now)
    dead = None
    for lease, column in held_now(session):
        if lease.resource == wanted.resource:
            if lease.run == wanted.run:
                return renewed(session, lease, ttl)
            if not _is_dead(column, session, processes):
                return lease
            dead = lease
            session.change("DELETE FROM leases WHERE run = ? AND actor = ?", lease.run, column)
    process = processes.own()
    lease = replace(wanted, since=text(now), until=end_of(now, ttl), pid=process.pid if process else 0)
    session.change("DELETE FROM leases WHERE resource = ?", lease.resource)
    session.change(
        "INSERT INTO leases (resource, run, actor, since, until, ttl) VALUES (?, ?, ?, ?, ?, ?)",
        *(lease.resource, lease.run, _signed(lease.actor, process, session), lease.since, lease.until, ttl),
    )
    return replace(lease, instead_of=dead)


def _signed(actor: str, process: Process | None, session: Session) -> str:
    """Return what the column says of a process: no more than the actor where nothing could be proved of it."""
    if process is None:
        return actor
    return f"{actor}{MARK}{process.pid} {process.began} {process.place} {session.link()}]"


def _is_dead(column: str, session: Session, processes: Processes) -> bool:
    """Tell whether it is proved that a holder is dead.

    Machines that were cloned while they ran take themselves for one, and each misses the processes of the other:
    where the registry is on a server, it must have lost the holder's connection too.
    """
    try:
        pid, began, place, link = parted(column)[1].removesuffix("]").split(" ")
        process, connection = Process(int(pid), int(began), place), int(link)
    except ValueError:  # of an older program, or of a machine that tells nothing
        return False
    return process.pid > 0 and processes.is_dead(process) and not session.is_linked(connection)
