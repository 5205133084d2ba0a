"""Commands that do next to nothing: what it costs to start."""

import sys

from tests.bench.measure import Row, at_most, in_turns
from tests.bench.scene import Scene

_COMPLETION = {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": "reconciler pl", "COMP_CWORD": "1"}
_ROUNDS = 15


def starting(scene: Scene) -> list[Row]:
    """Measure against a Python process that does nothing."""
    return [
        _compared(scene, "--version", 4, "--version"),
        _compared(scene, "completion of a command's name", 4, **_COMPLETION),
        _compared(scene, "--help", 6, "--help"),
    ]


def _compared(scene: Scene, what: str, goal: int, *words: str, **environment: str) -> Row:
    pair = in_turns(
        lambda: scene.reconciler(*words, **environment), lambda: scene.run(sys.executable, "-c", "pass"), _ROUNDS
    )
    return at_most(goal, "10", what, "python -c pass", pair, rounds=_ROUNDS)
