"""The loop of a watch: look, rest, look again. What a look is, and how to rest, is the watcher's to say."""

from collections.abc import Callable
from typing import Protocol

from reconciler.core.frozen import dataclass
from reconciler.core.pace import Memory, Pace


@dataclass(frozen=True, slots=True)
class Ended:
    """How a round ended, as far as the next one depends on it."""

    memory: Memory
    passing: bool  # something went wrong that may not the next time


class Watcher(Protocol):
    """Whoever looks, and rests in between."""

    def look(self, memory: Memory) -> Ended:
        """Do one round, knowing what failed before."""

    def rest(self, seconds: float, faults: int) -> bool:
        """Wait, at most so long, after so many faulty rounds in a row; tells whether to look anew, and at once."""

    def is_over(self) -> bool:
        """Tell whether somebody wants the watch to end."""


def watch(watcher: Watcher, pace: Pace, chance: Callable[[], float]) -> None:
    """Let the watcher look until it is over; `chance` gives numbers between 0 and 1.

    Whoever is to look anew forgets what failed: somebody may have mended it.
    """
    memory: Memory = {}
    faults = 0
    while not watcher.is_over():
        ended = watcher.look(memory)
        memory, faults = ended.memory, faults + 1 if ended.passing else 0
        if not watcher.is_over() and watcher.rest(pace.pause(faults, chance()), faults):
            memory, faults = {}, 0
