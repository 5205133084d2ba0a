"""A change: what should happen at one address, why, and by which steps."""

from enum import StrEnum

from reconciler.core.chain import Tried
from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest
from reconciler.core.facts import FieldChange
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address, ModelName
from reconciler.core.state import Desired
from reconciler.core.steps import Step


class Action(StrEnum):
    """What a change does. Closed: every `match` over it ends in assert_never."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    DELETE = "delete"
    FORGET = "forget"
    TEST = "test"  # asks a model that is there, and has yet to pass its test
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why, for people; never decides anything."""

    NEW = "new"
    MISSING = "missing"
    GONE = "gone"
    NOT_DECLARED = "not_declared"
    DRIFTED = "drifted"
    ALREADY_PRESENT = "already_present"
    UNMANAGED = "unmanaged"
    IN_SYNC = "in_sync"
    SPEC_CHANGED = "spec_changed"
    UPSTREAM_MOVED = "upstream_moved"
    LOCK_MOVED = "lock_moved"
    SOURCE_CHANGED = "source_changed"
    BASE_CHANGED = "base_changed"
    UNRESOLVED = "unresolved"
    BASE_REFUSED = "base_refused"
    NOT_LOCKED = "not_locked"
    HOST_TOO_OLD = "host_too_old"
    UNTESTED = "untested"


WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.TEST})  # actions that a host has work with
HOPELESS = frozenset({Reason.UNRESOLVED, Reason.HOST_TOO_OLD})  # what is declared can't be made
MOVED = frozenset({Reason.UPSTREAM_MOVED, Reason.LOCK_MOVED})  # other content under the same reference
BOOKKEEPING = frozenset({Action.ADOPT, Action.FORGET})  # actions that change only our registry


@dataclass(frozen=True, slots=True)
class Cost:
    """What a change moves and takes, in bytes."""

    transfer: int = 0  # bytes that must reach the host, over the network
    disk: int = 0  # change of the host's disk use, with the copy that a host may make of what it imports;
    # deletes count what is not known to be shared
    at_most: bool = False  # the host may hold some of it already: both are the most that they can be


@dataclass(frozen=True, slots=True)
class Change:
    """The decision about one address."""

    address: Address
    action: Action
    reasons: tuple[Reason, ...]
    before: Digest | None = None  # what the host reported; absent where there is nothing yet
    after: Desired | None = None  # absent where nothing is declared
    fields: tuple[FieldChange, ...] = ()  # what the manifests change
    drift: tuple[FieldChange, ...] = ()  # what somebody else changed, as apply would put it back
    steps: tuple[Step, ...] = ()
    base: ModelName | None = None
    base_before: Digest | None = None  # what the host reported of the base; absent where it is not there yet
    note: str = ""  # one sentence more, for people
    hint: str = ""
    news: tuple[FieldChange, ...] = ()  # what upstream changed, where it moved or offers something else
    declared_at: Location | None = None  # where the manifest says it, when there is no `after` to tell
    failed: tuple[Tried, ...] = ()  # the sources of which none is taken, when there is no `after` to tell

    @property
    def location(self) -> Location | None:
        """Return where the manifest says it; None where nothing is declared."""
        return self.after.location if self.after is not None else self.declared_at

    @property
    def sources(self) -> tuple[Tried, ...]:
        """Return how the sources fared that it could come from; empty where there is no choice."""
        return self.after.sources if self.after is not None else self.failed

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what may not work once this is done, sorted; it decides nothing."""
        return self.after.warnings if self.after is not None else ()

    @property
    def outdated(self) -> bool:
        """Tell whether upstream offers something else than what is locked."""
        return self.after is not None and self.after.offered is not None

    @property
    def pending(self) -> bool:
        """Tell whether applying this change would do anything."""
        return self.action in WRITES or self.action in BOOKKEEPING
