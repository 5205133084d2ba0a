"""One model onto five hosts."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.bench.fleet import hosts
from tests.bench.measure import Meter, Row, Way, amount, at_most, by_meters, wall
from tests.bench.peers import pull_at_once
from tests.bench.scene import Scene
from tests.bench.synced import RELAYED
from tests.bench.upstream import Upstream
from tests.demo.server import Server
from tests.parts.gguf import tiny_model
from tests.parts.ollama import RealOllama
from tests.parts.registry import MODEL_TYPE, Layer

_SIZE = 250_000_000  # bytes
_HOSTS, _ROUNDS = 5, 2
_ONCE = 1.01  # of the model's size: a plan reads its header before


def spreading(scene: Scene, size: int = _SIZE) -> Iterator[Row]:
    """Measure the time and what is read from upstream, from a registry by relay and from Hugging Face."""
    servers = list(hosts(scene, "relayed", _HOSTS).values())
    shutil.copytree(scene.folder / "relayed", scene.folder / "spread")
    yield from _from_a_registry(scene, servers, size)
    yield from _from_hugging_face(scene, servers, size)


def _from_a_registry(scene: Scene, servers: list[RealOllama], size: int) -> Iterator[Row]:
    weights = scene.folder / "weights.gguf"
    tiny_model(weights, ballast=size)
    large = Layer(MODEL_TYPE, weights.read_bytes())
    scene.registry.put_model("spread/large", "v1", large)
    name = f"{scene.registry.hub}/spread/large:v1"
    (scene.folder / "relayed" / "models.yaml").write_text(RELAYED.format(name=name))

    def theirs() -> None:
        with ThreadPoolExecutor(_HOSTS) as pool:
            list(pool.map(lambda server: pull_at_once(server.url, [name]), servers))

    def sent() -> float:
        lines = re.findall(r'"GET /v2/\S+/blobs/\S+ HTTP/1.1" 20[06] (\d+)', scene.registry.access_log)
        return sum(map(int, lines))

    ways = (lambda: scene.apply("relayed"), theirs)
    yield from _compared(scene, servers, ways, sent, size, "a registry", "all pulling at once")


def _from_hugging_face(scene: Scene, servers: list[RealOllama], size: int) -> Iterator[Row]:
    hub = Upstream(scene, size)
    hub.declare("spread")

    def theirs() -> None:
        with ThreadPoolExecutor(_HOSTS) as pool:
            homes = [scene.folder / f"by-hand-{number}" for number in range(_HOSTS)]
            list(pool.map(hub.by_hand, homes, [server.url for server in servers]))

    ways = (lambda: scene.apply("spread", **hub.settings), theirs)
    whom = "all downloading at once, then ollama create on each"
    yield from _compared(scene, servers, ways, lambda: hub.sent, size, "Hugging Face", whom)


def _compared(
    scene: Scene, servers: list[RealOllama], ways: tuple[Way, Way], sent: Meter, size: int, source: str, whom: str
) -> Iterator[Row]:
    def afresh() -> None:
        scene.forget_cache()
        for server in (Server(each.url) for each in servers):
            for name in server.models():
                server.call("DELETE", "/api/delete", model=name)

    times, read = by_meters((wall, sent), ways, _ROUNDS, afresh)
    what = f"one model of {amount(size, 'B')} onto {_HOSTS} hosts, from {source}"
    yield at_most(0.4, "13", what, whom, times, rounds=_ROUNDS)
    yield at_most(_ONCE, "13", f"{what}: read from there", "its size", (read[0], size), "B", _ROUNDS)
