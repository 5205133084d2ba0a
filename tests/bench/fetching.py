"""A large model from Hugging Face onto a host."""

import subprocess
import time
from collections.abc import Iterator

from tests.bench.measure import Row, amount, at_most, counted, in_turns
from tests.bench.scene import APPLY, Scene
from tests.bench.upstream import Upstream

_SIZE = 1_000_000_000  # bytes
_ROUNDS = 2
_PEAK = 150_000_000  # bytes
_RECORDS = 1_000_000  # bytes, for our records
_MODEL, _SECOND, _THIRD = "large", "second", "third"


def fetching(scene: Scene, size: int = _SIZE) -> Iterator[Row]:
    """Measure the way over our machine against a download to disk and `ollama create`."""
    hub = Upstream(scene, size)
    for name in (_MODEL, _SECOND, _THIRD):
        hub.declare(name)
    what = f"Hugging Face to host, {amount(size, 'B')}, 100 MB/s a connection"
    pair = in_turns(
        lambda: scene.apply(_MODEL, **hub.settings),
        lambda: hub.by_hand(scene.ollama.url),
        _ROUNDS,
        lambda: _afresh(scene, hub),
    )
    yield at_most(0.3, "7", what, "download to disk, then ollama create", pair, rounds=_ROUNDS)
    _afresh(scene, hub)
    cost = scene.cost(*APPLY, "--no-cache", _MODEL, **hub.settings)
    yield counted("7", "the same, --no-cache: written to our disk", cost.written, _RECORDS, "B", "all of it", hub.size)
    yield counted("7", "the same, --no-cache: our memory at its peak", cost.peak, _PEAK, "B")
    _afresh(scene, hub)
    cost = scene.cost(*APPLY, _MODEL, **hub.settings)
    yield counted("7", "the same: our memory at its peak", cost.peak, _PEAK, "B")
    there = "its weights on the host under another name"
    yield from _there_already(scene, hub, _SECOND, there)
    scene.forget_cache()
    yield from _there_already(scene, hub, _THIRD, f"{there}, nothing remembered")
    _afresh(scene, hub)
    yield _killed_half_way(scene, hub)


def _afresh(scene: Scene, hub: Upstream) -> None:
    """Have neither the host nor our cache know the model."""
    for name in scene.server.models():
        scene.server.call("DELETE", "/api/delete", model=name)
    scene.forget_cache()
    hub.tidy()


def _killed_half_way(scene: Scene, hub: Upstream) -> Row:
    """Kill an apply, and count what the next one fetches; a registry of its own spares it the lease of the dead."""
    told, nowhere = {**scene.environment, **hub.settings}, subprocess.DEVNULL
    start = hub.sent
    process = subprocess.Popen([*APPLY, _MODEL], cwd=scene.folder, env=told, stdout=nowhere, stderr=nowhere)
    while hub.sent - start < hub.size / 2 and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    time.sleep(0.5)  # until the hub has noticed
    before = hub.sent
    scene.apply(_MODEL, XDG_STATE_HOME=str(scene.folder / "another-state"), **hub.settings)
    again = "the same: fetched by the run after a kill −9 at half way"
    return counted("7", again, hub.sent - before, 0.75 * hub.size, "B", "all of it", hub.size)


def _there_already(scene: Scene, hub: Upstream, name: str, what: str) -> Iterator[Row]:
    """Ask for the same file under another name."""
    sent, asked, host = hub.sent, hub.requests, _answered(scene)
    scene.apply(name, **hub.settings)
    yield counted("8", f"{what}: bytes of them fetched", hub.sent - sent, 0, "B", "all of them", hub.size)
    requests = hub.requests - asked + _answered(scene) - host
    yield counted("8", f"{what}: requests", requests, 9, "requests")


def _answered(scene: Scene) -> int:
    return scene.ollama.log.read_text().count("[GIN]")
