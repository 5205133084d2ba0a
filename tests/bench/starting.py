"""Commands that do next to nothing: what it costs to start."""

import sys

from tests.bench.measure import Row, in_turns
from tests.bench.scene import Scene

_GOALS = {"--version": 4, "--help": 6}


def starting(scene: Scene) -> list[Row]:
    """Measure against a Python process that does nothing."""
    rows = []
    for word, goal in _GOALS.items():
        ours, bare = in_turns(
            lambda word=word: scene.reconciler(word), lambda: scene.run(sys.executable, "-c", "pass"), 15
        )
        rows.append(Row("10", word, "python -c pass", ours, bare, f"≤ {goal}", ours <= goal * bare, rounds=15))
    return rows
