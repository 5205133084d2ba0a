"""Nothing to do: half of the models pulled, half of them built, all of them in sync."""

import sys
from collections.abc import Iterator

from tests.bench import floor
from tests.bench.documents import READ
from tests.bench.measure import Row, Way, at_most, by_meters, counted, wall
from tests.bench.peers import helm_loop
from tests.bench.scene import Scene
from tests.bench.synced import Synced, synced

_FEW, _MORE, _MANY = 100, 500, 1_000
_FLOOR = "8"  # connections
_COLD = "nothing remembered"
_BARE = "bare Python: tags, and a HEAD of each reference"


def noop(scene: Scene) -> Iterator[Row]:
    """Measure a plan that finds nothing to do, by time, by the server's CPU and by requests."""
    few = synced(scene, _FEW)
    yield from _against_the_loop(scene, few, rounds=3)
    yield from _requests(scene, few)
    yield from _against_the_floor(scene, synced(scene, _MORE), rounds=5)
    yield from _large(scene, synced(scene, _MANY), rounds=3)


def _against_the_loop(scene: Scene, few: Synced, rounds: int) -> Iterator[Row]:
    others = [(f"peer-{name}", base, system) for name, base, system in few.builds]
    ways = (*_ours(scene, _FEW), lambda: helm_loop(scene.ollama.url, few.pulls, others))
    times, cpu = by_meters((wall, scene.cpu), ways, rounds)
    what, whom = f"plan, nothing to do, N = {_FEW}", "pull and create in a loop"
    cold, *pair = times
    yield at_most(1 / 20, "1", what, whom, pair, rounds=rounds)
    yield at_most(1 / 20, "1", f"the same, {_COLD}", whom, (cold, pair[1]), rounds=rounds)
    yield at_most(1 / 100, "1", "the same: CPU of the server", whom, cpu[1:], rounds=rounds)


def _requests(scene: Scene, few: Synced) -> Iterator[Row]:
    """Count what a plan sends; the last model was changed by somebody else before the last count."""
    what, before = f"plan, nothing to do, N = {_FEW}", scene.server.models()
    first, again = _ours(scene, _FEW)
    cold, warm = _sent(scene, first), _sent(scene, again)
    needed, whom = 2 + len(few.pulls), "2 + one a reference"
    yield counted("4", f"{what}: requests", len(warm), needed, "requests", whom, needed)
    yield counted("4", f"the same, {_COLD}: requests", len(cold), needed, "requests", whom, needed)
    yield counted("4", "the same: models shown", sum("/api/show" in line for line in cold + warm), 0, "models")
    moved = len(set(scene.server.models().items()) - set(before.items()))
    yield counted("4", "the same: models whose `modified_at` moved", moved, 0, "models")
    name, base, _ = few.builds[-1]
    scene.server.call("POST", "/api/create", model=name, system="You are mine.", **{"from": base})
    more = len(_sent(scene, lambda: scene.reconciler("plan"))) - len(warm)
    yield counted("4", "one of them drifted: requests more than before", more, 2, "requests")


def _sent(scene: Scene, way: Way) -> list[str]:
    """Return what a way asks registry and server for, as their logs have it."""
    before = _logs(scene)
    way()
    return [line for log, seen in zip(_logs(scene), before, strict=True) for line in log[len(seen) :]]


def _logs(scene: Scene) -> tuple[list[str], list[str]]:
    hub = [line for line in scene.registry.access_log.splitlines() if "/v2/?mark=" not in line]
    return hub, [line for line in scene.ollama.log.read_text().splitlines() if "[GIN]" in line]


def _against_the_floor(scene: Scene, more: Synced, rounds: int) -> Iterator[Row]:
    words = (sys.executable, floor.__file__, _FLOOR, scene.ollama.url, scene.registry.hub, *more.pulls)
    ((cold, warm, bare),) = by_meters((wall,), (*_ours(scene, _MORE), lambda: scene.run(*words)), rounds)
    what = f"plan, nothing to do, N = {_MORE}"
    yield at_most(3, "2", what, _BARE, (warm, bare), rounds=rounds)
    yield at_most(3, "2", f"the same, {_COLD}", _BARE, (cold, bare), rounds=rounds)


def _large(scene: Scene, many: Synced, rounds: int) -> Iterator[Row]:
    many.declared(scene.folder / "few", _FEW)
    path = str(scene.folder / "manifests" / "bench.yaml")
    ways = (*_ours(scene, _MANY), *_ours(scene, _FEW, "few"), lambda: scene.run(sys.executable, "-c", READ, path))
    ((cold, warm, few_cold, few_warm, bare),) = by_meters((wall,), ways, rounds)
    what, whom = f"plan, nothing to do, N = {_MANY:,}", f"the same, N = {_FEW}"
    yield at_most(11, "14", what, whom, (warm, few_warm), rounds=rounds)
    yield at_most(11, "14", f"the same, {_COLD}", whom, (cold, few_cold), rounds=rounds)
    yield at_most(3, "9", f"{what}, {_COLD}", "CSafeLoader", (cold, bare), rounds=rounds)
    yield at_most(0.5, "9", what, "CSafeLoader", (warm, bare), rounds=rounds)


def _ours(scene: Scene, count: int, folder: str = "manifests") -> tuple[Way, Way]:
    """Return our plan when nothing is remembered of an earlier one, and the plan after that."""

    def again() -> None:
        said = scene.reconciler("plan", "--detailed-exitcode", folder)
        assert said.startswith(f"No changes. {count} models in sync"), said

    def first() -> None:
        scene.forget_cache()
        again()

    return first, again
