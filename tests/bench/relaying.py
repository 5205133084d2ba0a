"""Ten tags that share one large layer, onto a host that has none of it."""

import json
from urllib.request import ProxyHandler, build_opener

from tests.bench.measure import Row, amount, at_most, in_turns
from tests.bench.peers import pull_at_once
from tests.bench.scene import Scene
from tests.bench.synced import RELAYED
from tests.parts.gguf import tiny_model
from tests.parts.registry import MODEL_TYPE, Layer

_TAGS = 10
_SIZE = 250_000_000  # bytes
_ROUNDS = 3
_LICENSE = "application/vnd.ollama.image.license"


def relaying(scene: Scene) -> list[Row]:
    """Measure the relay against ten pulls at once, and against one bare download of the layer."""
    weights = scene.folder / "large.gguf"
    tiny_model(weights, ballast=_SIZE)
    large = Layer(MODEL_TYPE, weights.read_bytes())
    for number in range(_TAGS):
        scene.registry.put_model("relay/large", f"v{number}", large, Layer(_LICENSE, f"{number}".encode()))
    rows = []
    for place, goal in ((scene.registry.hub, 1 / 8), (scene.registry.plain, None)):
        names = [f"{place}/relay/large:v{number}" for number in range(_TAGS)]
        folder = scene.folder / f"relay-{place.rpartition(':')[2]}"
        folder.mkdir()
        (folder / "models.yaml").write_text("".join(RELAYED.format(name=name) for name in names))
        rows.append(_compared(scene, folder.name, names, goal))
    return rows


def _compared(scene: Scene, folder: str, names: list[str], goal: float | None) -> Row:
    def afresh() -> None:
        for name in scene.server.models():
            if "/relay/" in name:
                scene.server.call("DELETE", "/api/delete", model=name)

    def ours() -> None:
        scene.apply(folder)

    def theirs() -> None:
        if goal is not None:
            pull_at_once(scene.ollama.url, names)
        else:
            _download(scene, names[0])

    pair = in_turns(ours, theirs, _ROUNDS, afresh)
    what = f"{_TAGS} tags that share {amount(_SIZE, 'B')}, by relay"
    if goal is not None:
        return at_most(1 / 8, "12", what, "ollama pull, all at once", pair, rounds=_ROUNDS)
    return at_most(2.2, "12", f"{what}, from a plain registry", "one download of the layer", pair, rounds=_ROUNDS)


def _download(scene: Scene, name: str) -> None:
    place, _, rest = name.partition("/")
    repo, _, tag = rest.partition(":")
    layers = json.loads(scene.registry.manifest(repo, tag))["layers"]
    with (
        build_opener(ProxyHandler({})).open(f"http://{place}/v2/{repo}/blobs/{layers[0]['digest']}") as answer,
        (scene.folder / "layer").open("wb") as file,
    ):
        while block := answer.read(1 << 20):
            file.write(block)
