"""A snapshot: what hosts were like at a time, and our records as they stood then. Plans can be made from it alone."""

from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.state import Observed, RecordedState, Unobserved


@dataclass(frozen=True, slots=True)
class Sight:
    """One host as it was seen; nothing but the time is known of one that did not answer."""

    host: Observed | Unobserved  # models with facts, but for those that the host could not show
    taken_at: str  # ISO 8601, UTC
    callback: str = ""  # as the port Host has it; empty where none was known
    loaded: tuple[ModelName, ...] = ()  # models that were in memory, sorted
    blobs: tuple[tuple[Digest, bool], ...] = ()  # those that it was asked for, sorted, and whether it had them


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a plan needs to know of hosts and of our registry; never without a host."""

    sights: tuple[Sight, ...]  # sorted by host
    recorded: RecordedState

    @property
    def taken_at(self) -> str:
        """Return when its oldest part was taken, as ISO 8601 in UTC."""
        return min(sight.taken_at for sight in self.sights)


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a plan tells of the snapshot that it was made from."""

    taken_at: str  # ISO 8601, UTC
    age: int  # seconds, when the plan was made; negative where the clocks differ
    own_records: bool = True  # our records are those in the snapshot too, and not those of a registry that was named
