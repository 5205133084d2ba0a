"""The ports: what the rooms expect of each other. Protocols only; nothing here does anything.

`workflow` meets hosts, sources, the registry and the terminal only through these.
Each port has one contract suite in `tests/` that every implementation passes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.found import Found
from reconciler.core.frozen import dataclass
from reconciler.core.health import Condition
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.outcome import Outcome
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.routes import Route
from reconciler.core.state import Live, Recorded, RecordedState
from reconciler.core.steps import Blob, Create, Install, Pull

Progress = Callable[[str, int, int], None]
"""Called with (phase, bytes done, bytes in all); all is 0 where it is not known."""


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> str:
        """Return the time of day as ISO 8601 in UTC, to the millisecond."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Listener(Protocol):
    """Whoever wants to know what is going on: logs and progress bars. May be called from any thread."""

    def bind(self, **facts: object) -> "Listener":
        """Return a listener that adds these facts to every event."""

    def event(self, level: str, name: str, **facts: object) -> None:
        """Take one event: `level` is debug, info, warning or error; `name` is snake_case, past tense."""

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        """Take the progress of `task` in bytes; total is 0 where it is not known. May come very often."""

    def finished(self, task: str) -> None:
        """Learn that no more progress of `task` will come."""


class Source(Protocol):
    """One type of source: pins references, and brings blobs to hosts that lack them."""

    type: str
    offline: bool  # `resolve` asks nobody: everything is on this machine

    def key(self, ref: SourceRef) -> str:
        """Return what names this question in a lock, without asking anybody; a path in it is absolute."""

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return what `ref` means now, reading only; raises ResolutionError."""

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return what `ref` meant when `resolve` gave this `pin`, without asking anybody.

        Raises Unusable for a pin that is not as `resolve` gives it, or that the manifest itself contradicts.
        """

    def describe(self, pull: Pull, *, config: bool = False) -> Facts:
        """Return what a host would show of what is pulled, reading small layers only; raises ResolutionError.

        With `config`, also what the config says and old hosts do not show: renderer, parser, quantisation, …
        """

    def route(self, ref: SourceRef, pull: Pull) -> Route:
        """Return how the layers of this pull best get to a host; raises ResolutionError."""

    def offers(self, blob: Blob) -> bool:
        """Tell whether `fetch` could bring this blob now, moving none of its bytes.

        Raises ResolutionError where that can't be told: upstream is silent, or wants a login first.
        """

    def examine(self, blob: Blob) -> Found | None:
        """Return what the beginning of a blob says: a GGUF's header, or the config of what is pulled.

        None where it says nothing or can't be read now. Raises Unusable for a file that no host could use.
        """

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:
        """Have exactly this content arrive in a file, and return when it is verified by its sha256.

        A download goes to the cache and resumes what was left there. Raises ResolutionError, and tells the arrival.
        """

    def merge(self, blob: Blob, progress: Progress, /) -> tuple[Digest, Path]:
        """Return the parts of a blob as one file, with its digest, fetching each part first; raises ResolutionError.

        What was merged before, and not released since, is not merged again.
        """

    def release(self, blob: Blob) -> None:
        """Delete what `fetch` or `merge` put into the cache, now that every host has it; never a user's own file."""


class Host(Protocol):
    """One Ollama server. Every method raises HostError, and nothing else, when the server does not do its part."""

    name: HostName
    url: str
    callback: str  # the address of this machine at which the host can reach us; empty where none is known

    def version(self) -> str:
        """Return the server's version."""

    def now(self) -> str:
        """Return the time of day by the server's clock, ISO 8601 in UTC to the second; empty where it tells none."""

    def models(self, within: float = 0.0, /) -> tuple[Live, ...]:
        """Return what the server lists, without facts, sorted; a list of so many seconds ago does, without a write."""

    def show(self, name: ModelName) -> Facts:
        """Return what a model consists of; HostRejected with status 404 if the host cannot show it."""

    def show_with_parent(self, name: ModelName) -> tuple[Facts, ModelName | None]:
        """Return what `show` does, and the model that it says it was built on, which may be gone or changed since."""

    def loaded(self) -> frozenset[ModelName]:
        """Return the models that are in memory now."""

    def has_blob(self, digest: Digest) -> bool:
        """Tell whether the server holds a blob."""

    def upload(self, digest: Digest, content: Arrival, progress: Progress) -> None:
        """Send a blob while it arrives, and raise what stops it; the server refuses what does not fit the digest."""

    def pull(self, step: Pull, progress: Progress) -> None:
        """Have the server pull from its hub; returns only after a final success."""

    def install(self, step: Install, announce: Callable[[ModelName], None], progress: Progress) -> None:
        """Have the server pull a hub manifest from us and give it the step's name, its layers being there already.

        It is pulled under a temporary name, which `announce` is told first, and believed only if the host then lists
        it with a digest that was foretold; the temporary name is deleted, whatever comes of it.
        LayerLost where a layer is not there.
        """

    def create(self, step: Create, progress: Progress) -> None:
        """Have the server make a model; returns only after a final success; LayerLost where a blob is not there."""

    def copy(self, source: ModelName, target: ModelName) -> None:
        """Give a model a second name, over whatever had it."""

    def delete(self, name: ModelName) -> None:
        """Delete a model; one that is not there is no error."""

    def ask(self, name: ModelName, prompt: str, timeout: float, *, keep: bool) -> str:
        """Return how a model goes on from a prompt, leaving to chance as little as can be, within so many seconds.

        It does not think first, and is not left in memory unless `keep` is set.
        """

    def embed(self, name: ModelName, text: str, timeout: float, *, keep: bool) -> int:
        """Return how many dimensions a model's embedding of a text has; else as `ask`."""


@dataclass(frozen=True, slots=True)
class Run:
    """One apply, on record."""

    id: str
    started_at: str  # ISO 8601, UTC
    plan: str  # fingerprint of the plan
    actor: str  # user@machine
    ended_at: str | None = None  # absent while it runs, and for ever if it was killed
    status: str = "running"  # running, succeeded, partial, failed, abandoned (its process died)


@dataclass(frozen=True, slots=True)
class Event:
    """One outcome, on record."""

    run: str
    at: str  # ISO 8601, UTC
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Forget:
    """The effect on our records of a model that is no longer ours."""

    address: Address


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to one host for a while; times are ISO 8601 in UTC, by the store's clock."""

    resource: str  # the host's URL, so that two names of one server exclude each other
    run: str
    actor: str  # user@machine
    since: str
    until: str  # unless it is renewed
    pid: int = 0  # of its process, on that machine; 0 where it is not on record
    instead_of: "Lease | None" = None  # the one of a dead process that it replaced just now


@dataclass(frozen=True, slots=True)
class Leftover:
    """A temporary name that a run may have left on a host, because it died during the change that made it."""

    run: str
    at: str  # ISO 8601, UTC: when that change began
    host: HostName
    name: ModelName


class RecordStore(Protocol):
    """Our registry. Every method raises RegistryError; every write is one transaction.

    A write to the records or the history raises the serial by one; leases and the journal leave it alone,
    because no plan rests on them. A run that is going on holds a lease; one that holds none any more is dead.
    """

    def read(self) -> RecordedState:
        """Return every record, sorted by address, in one query; without lineage until the first run."""

    def begin(self, run: Run) -> None:
        """Put a run on record before its first write; runs that died are on record as abandoned from then on."""

    def start(self, run: str, at: str, address: Address, temporary: Sequence[ModelName]) -> None:
        """Put on record, before a change begins, the names that it makes on the host and removes again."""

    def save(self, run: str, at: str, outcome: Outcome, effect: Recorded | Forget | None) -> None:
        """Put an outcome on record together with what it does to the records, or neither; ends what `start` began."""

    def end(self, run: str, at: str, status: str) -> None:
        """Put the end of a run on record."""

    def leftovers(self, host: HostName) -> Sequence[Leftover]:
        """Return what dead runs started on a host and never saved, oldest first; never what a live run works on."""

    def clear(self, leftover: Leftover) -> None:
        """Take a leftover off the record, now that it is off the host."""

    def acquire(self, resource: str, run: str, actor: str, ttl: float) -> Lease:
        """Return a lease on `resource` for `ttl` seconds, also one's own or a dead process's; raises LeaseHeld."""

    def renew(self, lease: Lease, ttl: float) -> Lease:
        """Return the lease, good for `ttl` seconds from now, also after its end; LeaseHeld if another had it since."""

    def release(self, lease: Lease) -> None:
        """Give a lease back; one that is not held any more is no error, and another's is never touched."""

    def leases(self) -> Sequence[Lease]:
        """Return the leases that are held now, sorted by resource."""

    def runs(self, limit: int) -> Sequence[Run]:
        """Return the latest runs, newest first."""

    def events(self, run: str | None = None, model: ModelName | None = None, limit: int = 100) -> Sequence[Event]:
        """Return outcomes, newest first; of one run, of one model, or of all."""

    def condition(self) -> Condition:
        """Return how the store is, changing nothing: tables of an older version stay as they are."""

    def close(self) -> None:
        """Free what the store holds."""


class Hub(Protocol):
    """A place that models come from."""

    name: str  # its origin

    def greet(self) -> str:
        """Return what it says to us, with the login that is kept for it, if any; raises ResolutionError."""


class Cache(Protocol):
    """Small answers worth keeping between runs; losing one costs time and nothing else."""

    def get(self, key: str) -> Fact:
        """Return what was kept under `key`, or None."""

    def put(self, key: str, value: Fact) -> None:
        """Keep `value`; a cache that cannot be written is no error."""


Sources = Callable[[str], Source]
"""Returns the source of a type, importing it only then."""
