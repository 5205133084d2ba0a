"""The pace of a watch: when to look again, and which changes are not tried again just yet. Pure.

A fault that may pass is tried again soon, a little later each time and never later than the interval. One that will
not pass by itself is remembered by what the change does and what it met on its host, and not hammered: it waits
twice as long each time, until the manifests or the host are otherwise.
"""

from collections.abc import Mapping

from reconciler.core.digest import Fingerprint
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address
from reconciler.core.outcome import RunResult, Status
from reconciler.core.plan import Plan

FIRST = 10.0  # seconds after the first fault that may pass
LONGEST = 3600.0  # seconds that a change which failed waits at the most, or the interval where that is longer
SPREAD = 0.1  # of a pause: so that many who began together do not stay together
_DOUBLINGS = 32  # more make no difference, and a float has an end


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that failed for good, as far as anybody can tell."""

    mark: Fingerprint  # of what was tried, on a host in that state
    times: int  # in a row
    until: float  # Clock.monotonic: not tried again before


Memory = Mapping[Address, Failure]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look."""

    interval: float  # seconds

    def pause(self, faults: int, chance: float) -> float:
        """Return seconds until the next round, after so many rounds in a row with faults that may pass.

        `chance` is between 0 and 1, and moves it by a tenth at the most.
        """
        wait = min(self.interval, FIRST * _doubled(faults - 1)) if faults else self.interval
        return wait * (1 + SPREAD * (2 * chance - 1))

    def patience(self, times: int) -> float:
        """Return how many seconds a change waits that has failed so often in a row."""
        return min(max(LONGEST, self.interval), self.interval * _doubled(times))


def held_back(plan: Plan, memory: Memory, now: float) -> frozenset[Address]:
    """Return the changes of a plan that failed before, just as they are, and whose time has not come."""
    return frozenset(
        change.address
        for change in plan.pending
        if (failure := memory.get(change.address)) is not None
        and failure.mark == plan.mark(change)
        and now < failure.until
    )


def remembered(memory: Memory, plan: Plan, result: RunResult, pace: Pace, now: float) -> Memory:
    """Return what is to be known in the next round about changes that failed: those of this run, and those it held."""
    ends = {outcome.address: outcome for outcome in result.outcomes}
    kept: dict[Address, Failure] = {}
    for change in plan.pending:
        before, end, mark = memory.get(change.address), ends.get(change.address), plan.mark(change)
        known = before if before is not None and before.mark == mark else None
        if end is not None and end.status is Status.FAILED and not end.passing:
            times = known.times + 1 if known is not None else 1
            kept[change.address] = Failure(mark, times, now + pace.patience(times))
        elif known is not None and end is None:
            kept[change.address] = known
    return kept


def _doubled(times: int) -> int:
    return 1 << min(times, _DOUBLINGS)
