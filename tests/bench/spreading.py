"""One model onto five hosts."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.bench.fleet import hosts
from tests.bench.measure import Row, Way, amount, at_most, by_meters, wall
from tests.bench.peers import pull_at_once
from tests.bench.scene import Scene
from tests.bench.synced import RELAYED
from tests.bench.upstream import Upstream
from tests.demo.server import Server
from tests.parts.gguf import tiny_model
from tests.parts.registry import MODEL_TYPE, Layer

_SIZE = 250_000_000  # bytes
_HOSTS, _ROUNDS = 5, 2
_ONCE = 1.01  # of the model's size: a plan reads its header before


def spreading(scene: Scene, size: int = _SIZE) -> Iterator[Row]:
    """Measure the time and what is read from upstream, from a registry by relay and from Hugging Face."""
    urls = [server.url for server in hosts(scene, "relayed", _HOSTS).values()]
    shutil.copytree(scene.folder / "relayed", scene.folder / "spread")

    def afresh() -> None:
        scene.forget_cache()
        for server in map(Server, urls):
            for name in server.models():
                server.call("DELETE", "/api/delete", model=name)

    what = f"one model of {amount(size, 'B')} onto {_HOSTS} hosts"
    yield from _from_a_registry(scene, urls, size, afresh, f"{what}, from a registry")
    yield from _from_hugging_face(scene, urls, size, afresh, f"{what}, from Hugging Face")


def _from_a_registry(scene: Scene, urls: list[str], size: int, afresh: Way, what: str) -> Iterator[Row]:
    weights = scene.folder / "weights.gguf"
    tiny_model(weights, ballast=size)
    large = Layer(MODEL_TYPE, weights.read_bytes())
    scene.registry.put_model("spread/large", "v1", large)
    name = f"{scene.registry.hub}/spread/large:v1"
    (scene.folder / "relayed" / "models.yaml").write_text(RELAYED.format(name=name))

    def sent() -> float:
        lines = re.findall(r'"GET /v2/\S+/blobs/\S+ HTTP/1.1" 20[06] (\d+)', scene.registry.access_log)
        return sum(map(int, lines))

    ways = (lambda: scene.apply("relayed"), lambda: _everywhere(urls, lambda url: pull_at_once(url, [name])))
    times, read = by_meters((wall, sent), ways, _ROUNDS, afresh)
    yield at_most(0.4, "13", what, "all pulling at once", times, rounds=_ROUNDS)
    yield at_most(_ONCE, "13", "the same: read from there", "its size", (read[0], size), "B", _ROUNDS)


def _from_hugging_face(scene: Scene, urls: list[str], size: int, afresh: Way, what: str) -> Iterator[Row]:
    """Hosts pull from the real hub alone, so each gets what people would download and create for it, all at once."""
    hub = Upstream(scene, size)
    hub.declare("spread")

    def all_afresh() -> None:
        afresh()
        hub.tidy()

    ways = (lambda: scene.apply("spread", **hub.settings), lambda: _everywhere(urls, hub.by_hand))
    times, read = by_meters((wall, lambda: hub.sent), ways, _ROUNDS, all_afresh)
    yield at_most(0.4, "13", what, "a download and ollama create for each, all at once", times, rounds=_ROUNDS)
    yield at_most(_ONCE, "13", "the same: read from there", "its size", (read[0], hub.size), "B", _ROUNDS)


def _everywhere(urls: list[str], act: Callable[[str], None]) -> None:
    with ThreadPoolExecutor(len(urls)) as pool:
        list(pool.map(act, urls))
