"""A hub that is 50 ms away."""

import sys
from collections.abc import Iterator

from tests.bench import floor
from tests.bench.measure import Row, at_most, by_meters, wall
from tests.bench.programs import Program
from tests.bench.scene import Scene
from tests.bench.stock import pulled
from tests.bench.synced import MODEL

_REFERENCES = 50
_AWAY = 0.025  # seconds, one way
_ROUNDS = 5


def distant(scene: Scene) -> Iterator[Row]:
    """Measure a plan that finds nothing to do against its questions one after another, on one connection."""
    hub = scene.running(Program("tests.bench.delay", scene.registry.hub, f"{_AWAY}")).ready
    names = pulled(scene, _REFERENCES, hub)
    (scene.folder / "distant").mkdir()
    (scene.folder / "distant" / "models.yaml").write_text("".join(MODEL.format(name=name) for name in names))
    scene.apply("distant")

    def again() -> None:
        said = scene.reconciler("plan", "distant")
        assert said.startswith(f"No changes. {_REFERENCES} models in sync"), said

    def first() -> None:
        scene.forget_cache()
        again()

    def theirs() -> None:
        scene.run(sys.executable, floor.__file__, "1", scene.ollama.url, hub, *names)

    what, whom = f"hub {2 * _AWAY * 1000:.0f} ms away, {_REFERENCES} references", "one after another, kept alive"
    ((cold, warm, other),) = by_meters((wall,), (first, again, theirs), _ROUNDS)
    yield at_most(1 / 10, "3", f"plan, nothing to do, {what}", whom, (warm, other), rounds=_ROUNDS)
    yield at_most(1 / 10, "3", "the same, nothing remembered", whom, (cold, other), rounds=_ROUNDS)
