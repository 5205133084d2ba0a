"""What came of a change, and of a whole run."""

from dataclasses import field
from enum import StrEnum

from reconciler.core.change import Action
from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address


class Status(StrEnum):
    """How one change ended."""

    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried, because something that it needs failed
    REFUSED = "refused"  # not tried, because the plan said so


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one change."""

    address: Address
    action: Action
    status: Status
    digest: Digest | None = None  # what the host reports now; absent unless applied, and after a delete
    message: str = ""  # why it did not work; empty when it did
    hint: str = ""
    moved: int = 0  # bytes that we sent or that the host pulled
    seconds: float = 0.0  # how long it took
    passing: bool = field(default=False, compare=False)  # it failed, and may not the next time; not kept on record


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run: every pending or refused change has one outcome, sorted by address."""

    run: str  # the run's identifier
    outcomes: tuple[Outcome, ...]
    complete: bool  # False where a host could not be observed or a reference not resolved

    def count(self, status: Status) -> int:
        """Return how many outcomes have this status."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def good(self) -> bool:
        """Tell whether everything that was asked for is now so."""
        return self.complete and all(outcome.status is Status.APPLIED for outcome in self.outcomes)
