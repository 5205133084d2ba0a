"""What is remembered, as the tests look at it."""

import os
from pathlib import Path

from reconciler.recall.memory import Memory

SAME = "the same in every phase of a test"


def memories() -> list[Path]:
    return list(Path(os.environ["XDG_CACHE_HOME"], "reconciler", "plans").glob("*.sealed"))


def recalled(*words: str) -> str | None:
    """Return what would be told without a plan."""
    os.environ["PYTEST_CURRENT_TEST"] = SAME
    return Memory(words, os.environ).told()
