"""Measuring: two ways to the same end, taken in turns in one run, so that a noisy machine is noisy for both."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Way = Callable[[], object]
Meter = Callable[[], float]
wall: Meter = time.perf_counter


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: medians in `unit`, and the ratio that says who is better."""

    number: str  # of the figure
    measured: str
    against: str  # empty where nothing can be compared
    ours: float
    theirs: float | None
    goal: str
    reached: bool
    unit: str = "s"  # or B (bytes), or what is counted
    rounds: int = 1

    @property
    def ratio(self) -> float | None:
        """Return what ours is of theirs; None where theirs is nothing."""
        return self.ours / self.theirs if self.theirs else None


def at_most(
    limit: float, number: str, measured: str, against: str, pair: Sequence[float], unit: str = "s", rounds: int = 1
) -> Row:
    """Return the row of two medians where ours should be at most `limit` times theirs."""
    ours, theirs = pair
    goal = f"≤ {limit:g}" if limit >= 0.2 else f"≤ 1/{1 / limit:.0f}"
    return Row(number, measured, against, ours, theirs, goal, ours <= limit * theirs, unit, rounds)


def counted(
    number: str, measured: str, count: float, limit: float, unit: str, against: str = "", theirs: float | None = None
) -> Row:
    """Return the row of something that was counted once and should be at most `limit`."""
    goal = f"≤ {amount(limit, unit)}" if limit else "none"
    return Row(number, measured, against, count, theirs, goal, count <= limit, unit)


def in_turns(ours: Way, theirs: Way, rounds: int, between: Way = lambda: None) -> tuple[float, float]:
    """Return the medians of both ways in seconds; each runs once unmeasured, then once a round.

    `between` runs before each, unmeasured.
    """
    ((mine, other),) = by_meters((wall,), (ours, theirs), rounds, between)
    return mine, other


def by_meters(
    meters: Sequence[Meter], ways: Sequence[Way], rounds: int, between: Way = lambda: None
) -> list[list[float]]:
    """Return for each meter the median of each way: what the meter shows afterwards less what it showed before."""
    taken: list[list[list[float]]] = [[[] for _ in ways] for _ in meters]
    for turn in range(rounds + 1):
        for number, way in enumerate(ways):
            between()
            os.sync()  # what the way before has left to be written is none of this one's business
            begin = [meter() for meter in meters]
            way()
            for of_meter, meter, start in zip(taken, meters, begin, strict=True):
                of_meter[number] += [meter() - start] * bool(turn)
    return [[median(of_way) for of_way in of_meter] for of_meter in taken]


def amount(value: float, unit: str) -> str:
    """Return a figure as people read it: 250 ms, 5.0 s, 98 MB, 52 requests."""
    if unit == "s":
        return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
    if unit != "B":
        return f"{value:,.0f} {unit if value != 1 else unit.removesuffix('s')}"
    for name, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.0f} B"
