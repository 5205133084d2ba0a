"""The loop of a watch: how long it rests, what it remembers, and when it ends. Nobody sleeps."""

from dataclasses import dataclass, field

import pytest

from reconciler.core.pace import Failure, Pace
from reconciler.workflow.loop import Ended, watch
from tests.core.builders import address

FAILED = {address("m"): Failure("mark", 1, 0.0)}
GOOD, FAULTY, BROKEN = Ended({}, passing=False), Ended({}, passing=True), Ended(FAILED, passing=False)


@dataclass
class Scripted:
    """A watcher that ends its rounds as it is told, and is over after the last rest."""

    rounds: list[Ended]
    anew: list[bool]
    over_after: int = 99  # rounds
    rests: list[tuple[float, int]] = field(default_factory=list)
    memories: list[object] = field(default_factory=list)

    def look(self, memory):
        self.memories.append(memory)
        return self.rounds[len(self.memories) - 1]

    def rest(self, seconds, faults):
        self.rests.append((seconds, faults))
        return self.anew[len(self.rests) - 1]

    def is_over(self):
        return len(self.memories) >= self.over_after or len(self.rests) >= len(self.anew)


@pytest.mark.parametrize(
    ("rounds", "anew", "rests"),
    [
        ([GOOD, GOOD], [False, False], [(60, 0), (60, 0)]),
        ([FAULTY] * 4, [False] * 4, [(10, 1), (20, 2), (40, 3), (60, 4)]),
        ([FAULTY, GOOD, FAULTY], [False] * 3, [(10, 1), (60, 0), (10, 1)]),
        ([FAULTY] * 3, [False, True, False], [(10, 1), (20, 2), (10, 1)]),
    ],
    ids=["all is well", "faults", "a fault that passes", "somebody rings"],
)
def test_rests(rounds, anew, rests):
    watcher = Scripted(rounds, anew)
    watch(watcher, Pace(60.0), lambda: 0.5)
    assert watcher.rests == rests


def test_what_failed_is_handed_on_until_somebody_rings():
    watcher = Scripted([BROKEN, BROKEN, GOOD], [False, True, False])
    watch(watcher, Pace(60.0), lambda: 0.5)
    assert watcher.memories == [{}, FAILED, {}]


def test_whoever_is_over_after_a_round_does_not_rest():
    watcher = Scripted([GOOD], [False], over_after=1)
    watch(watcher, Pace(60.0), lambda: 0.5)
    assert watcher.rests == []
