"""Leases on every host of a run: all of them or none, renewed while it works, given back whatever happens."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from threading import Event
from urllib.parse import urlsplit

from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName
from reconciler.errors import Interrupted, LeaseHeld, RegistryError
from reconciler.ports import Clock, Lease, Listener, RecordStore, Run
from reconciler.workflow.fleet import Fleet

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks at a lease of another run
_LOOPBACK = frozenset({"localhost", "::1"})
_PORTS = {"http": 80, "https": 443}


def server(url: str) -> str:
    """Return what a lease is on: the host's URL, the same for every name of this machine and with the port written out.

    Two names of another machine stay two resources: only the names of the loopback mean the same everywhere.
    """
    parts = urlsplit(url.lower())
    name = parts.hostname or ""
    name = "127.0.0.1" if name in _LOOPBACK or name.startswith("127.") else name
    return f"{parts.scheme}://{name}:{parts.port or _PORTS.get(parts.scheme, 0)}{parts.path.rstrip('/')}"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long: for a lease of another run, and how long ours outlive this process if it dies, in seconds."""

    wait: float = 0.0
    ttl: float = 60.0
    stop: Event = field(default_factory=Event)  # whoever sets it ends the wait


class Leases:
    """The leases of one run; `check` before each change."""

    def __init__(self, store: RecordStore, resources: Mapping[HostName, str], terms: Terms, listener: Listener) -> None:
        self._store, self._resources, self._terms, self._listener = store, resources, terms, listener
        self._held: dict[str, Lease] = {}  # by resource
        self._over = Event()

    def check(self, host: HostName) -> None:
        """Renew the lease on a host that is about to be written to; raises LeaseHeld if another run took it.

        This process may have been asleep for longer than its lease: only the store can tell.
        """
        self._renew(host, self._held[self._resources[host]])

    def take(self, run: Run, clock: Clock) -> None:
        """Take every lease, in an order that is the same for every run; raises LeaseHeld after the wait."""
        deadline = clock.monotonic() + self._terms.wait
        for host, resource in sorted(self._resources.items(), key=lambda item: item[1]):
            if resource not in self._held:
                self._held[resource] = self._taken(host, run, clock, deadline)

    def beat(self) -> None:
        """Renew everything three times as often as it would end, until `end`; a lost lease is told once."""
        lost: set[str] = set()
        while not self._over.wait(self._terms.ttl / 3):
            for host, resource in self._resources.items():
                if resource in self._held and resource not in lost:
                    try:
                        self._renew(host, self._held[resource])
                    except LeaseHeld as error:
                        lost.add(resource)
                        self._listener.event("error", "lease_lost", host=host, error=str(error))
                    except RegistryError as error:
                        self._listener.event("warning", "lease_not_renewed", host=host, error=str(error))

    def end(self) -> None:
        """Stop renewing."""
        self._over.set()

    def release(self) -> None:
        """Give every lease back; one that can't be given back ends by itself."""
        for lease in self._held.values():
            try:
                self._store.release(lease)
            except RegistryError as error:
                self._listener.event("warning", "lease_not_released", resource=lease.resource, error=str(error))

    def _taken(self, host: HostName, run: Run, clock: Clock, deadline: float) -> Lease:
        """Return the lease on one host, waiting for whoever has it; says once for each holder who that is."""
        pause, told = FIRST_PAUSE, ""
        while True:
            try:
                lease = self._store.acquire(self._resources[host], run.id, run.actor, self._terms.ttl)
                self._tell_taken_over(host, lease.instead_of)
                return lease
            except LeaseHeld as error:
                error.where = host
                if clock.monotonic() >= deadline:
                    raise
                if error.run != told:
                    facts = {"who": error.who, "run_there": error.run, "since": error.since, "until": error.until}
                    pid = {"pid": error.pid} if error.pid else {}
                    self._listener.event("info", "lease_awaited", host=host, **facts, **pid)
                    told = error.run
            if self._terms.stop.is_set():
                raise Interrupted("the run was interrupted while it waited for another", where=host)
            clock.sleep(min(pause, max(0.0, deadline - clock.monotonic())))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _tell_taken_over(self, host: HostName, dead: Lease | None) -> None:
        if dead is not None:
            facts = {"who": dead.actor, "pid": dead.pid, "run_there": dead.run, "since": dead.since}
            why = "its process is dead, and need not be waited for"
            self._listener.event("warning", "lease_taken_over", host=host, **facts, why=why)

    def _renew(self, host: HostName, lease: Lease) -> None:
        try:
            self._store.renew(lease, self._terms.ttl)
        except LeaseHeld as error:
            error.where = host
            raise


@contextmanager
def held(
    store: RecordStore, resources: Mapping[HostName, str], run: Run, terms: Terms, clock: Clock, listener: Listener
) -> Iterator[Leases]:
    """Hold the leases on all these hosts (name: URL), or none; raises LeaseHeld, RegistryUnavailable, Interrupted.

    They are renewed from the first one on, since waiting for the last may take long, and given back at the end,
    also of a run that failed or was interrupted.
    """
    leases = Leases(store, resources, terms, listener.bind(run=run.id))
    try:
        with Fleet(1) as fleet:
            beating = fleet.start(leases.beat)
            try:
                leases.take(run, clock)
                yield leases
            finally:
                leases.end()
            beating.result()  # a bug in there must not pass unseen
    finally:
        leases.release()
