"""Nothing to do: half of the models pulled, half of them built, all of them in sync."""

import sys
from collections.abc import Iterator

from tests.bench import floor
from tests.bench.documents import READ
from tests.bench.measure import Row, Way, at_most, by_meters, counted, in_turns, wall
from tests.bench.peers import helm_loop
from tests.bench.scene import Scene
from tests.bench.synced import Synced, synced

_FEW, _MORE, _MANY = 100, 500, 1_000
_FLOOR = "8"  # connections


def noop(scene: Scene) -> Iterator[Row]:
    """Measure a plan that finds nothing to do, by time, by the server's CPU and by requests."""
    few = synced(scene, _FEW)
    yield from _against_the_loop(scene, few, rounds=3)
    yield from _requests(scene, few)
    yield _against_the_floor(scene, synced(scene, _MORE), rounds=5)
    yield from _large(scene, synced(scene, _MANY), rounds=3)


def _against_the_loop(scene: Scene, few: Synced, rounds: int) -> Iterator[Row]:
    others = [(f"peer-{name}", base, system) for name, base, system in few.builds]
    time, cpu = by_meters(
        (wall, scene.cpu),
        lambda: _in_sync(scene, _FEW),
        lambda: helm_loop(scene.ollama.url, few.pulls, others),
        rounds,
    )
    what, whom = f"plan, nothing to do, N = {_FEW}", "pull and create in a loop"
    yield at_most(1 / 20, "1", what, whom, time, rounds=rounds)
    yield at_most(1 / 100, "1", f"{what}: CPU of the server", whom, cpu, rounds=rounds)


def _requests(scene: Scene, few: Synced) -> Iterator[Row]:
    """Count what a plan sends; the last model was changed by somebody else before the last count."""
    what, before = f"plan, nothing to do, N = {_FEW}", scene.server.models()
    hub, host = _sent(scene, lambda: _in_sync(scene, _FEW))
    needed = 2 + len(few.pulls)
    yield counted("4", f"{what}: requests", hub + len(host), needed, "requests", "2 + one a reference", needed)
    yield counted("4", f"{what}: models shown", sum("/api/show" in line for line in host), 0, "requests")
    moved = len(set(scene.server.models().items()) - set(before.items()))
    yield counted("4", f"{what}: models whose `modified_at` moved", moved, 0, "models")
    name, base, _ = few.builds[-1]
    scene.server.call("POST", "/api/create", model=name, system="You are mine.", **{"from": base})
    more_of_hub, more_of_host = _sent(scene, lambda: scene.reconciler("plan"))
    more = more_of_hub + len(more_of_host) - hub - len(host)
    yield counted("4", "one of them drifted: requests more than before", more, 2, "requests")


def _sent(scene: Scene, way: Way) -> tuple[int, list[str]]:
    """Return how many requests a way sends to the registry, and those to the server as its log has them."""
    hub, host = len(_asked(scene)), len(_answered(scene))
    way()
    return len(_asked(scene)) - hub, _answered(scene)[host:]


def _asked(scene: Scene) -> list[str]:
    return [line for line in scene.registry.access_log.splitlines() if "/v2/?mark=" not in line]


def _answered(scene: Scene) -> list[str]:
    return [line for line in scene.ollama.log.read_text().splitlines() if "[GIN]" in line]


def _against_the_floor(scene: Scene, more: Synced, rounds: int) -> Row:
    pair = in_turns(
        lambda: _in_sync(scene, _MORE),
        lambda: scene.run(sys.executable, floor.__file__, _FLOOR, scene.ollama.url, scene.registry.hub, *more.pulls),
        rounds,
    )
    return at_most(3, "2", f"plan, nothing to do, N = {_MORE}", "the floor", pair, rounds=rounds)


def _large(scene: Scene, many: Synced, rounds: int) -> Iterator[Row]:
    many.declared(scene.folder / "few", _FEW)
    what = f"plan, nothing to do, N = {_MANY:,}"
    pair = in_turns(lambda: _in_sync(scene, _MANY), lambda: scene.reconciler("plan", "few"), rounds)
    yield at_most(11, "14", what, f"the same, N = {_FEW}", pair, rounds=rounds)
    path = str(scene.folder / "manifests" / "bench.yaml")

    def bare() -> None:
        scene.run(sys.executable, "-c", READ, path)

    cold = in_turns(lambda: _in_sync(scene, _MANY), bare, rounds, scene.forget_cache)
    yield at_most(3, "9", f"{what}, cold", "CSafeLoader", cold, rounds=rounds)
    warm = in_turns(lambda: _in_sync(scene, _MANY), bare, rounds)
    yield at_most(0.5, "9", f"{what}, warm", "CSafeLoader", warm, rounds=rounds)


def _in_sync(scene: Scene, count: int) -> None:
    said = scene.reconciler("plan", "--detailed-exitcode")
    assert said.startswith(f"No changes. {count} models in sync"), said
