"""`python -m tests.fuzz [SECONDS]`: feed each target with spoilt input for so long, new chances in every round.

The first input that breaks a promise ends it with hypothesis' report: the smallest such input, and what happened.
"""

import sys
import time
from collections.abc import Callable

from tests.fuzz.targets import ROUND, TARGETS


def fuzz(target: Callable[[], None], seconds: float) -> int:
    """Run whole rounds of a target, at least one, until the time is up; return how many inputs it had."""
    end = time.monotonic() + seconds
    inputs = 0
    while not inputs or time.monotonic() < end:
        target()
        inputs += ROUND
    return inputs


def main(seconds: float) -> None:
    """Run every target and tell what was done."""
    for target in TARGETS:
        begin = time.monotonic()
        inputs = fuzz(target, seconds)
        print(f"{target.__name__}: {inputs} inputs in {time.monotonic() - begin:.0f} s, every promise kept", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
