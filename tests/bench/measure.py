"""Measuring: two ways to the same end, taken in turns in one run, so that a noisy machine is noisy for both."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Way = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: medians in `unit`, and the ratio that says who is better."""

    number: str  # of the figure
    measured: str
    against: str
    ours: float
    theirs: float
    goal: str
    reached: bool
    unit: str = "s"
    rounds: int = 1

    @property
    def ratio(self) -> float:
        """Return what ours is of theirs."""
        return self.ours / self.theirs if self.theirs else float("inf")


def in_turns(ours: Way, theirs: Way, rounds: int, between: Way = lambda: None) -> tuple[float, float]:
    """Return the medians of both ways in seconds; each runs once unmeasured, then once a round.

    `between` runs before each, unmeasured.
    """
    times: dict[Way, list[float]] = {ours: [], theirs: []}
    for turn in range(rounds + 1):
        for way, seconds in times.items():
            between()
            begin = time.perf_counter()
            way()
            taken = time.perf_counter() - begin
            if turn:
                seconds.append(taken)
    return median(times[ours]), median(times[theirs])
