"""Ten hosts with nothing to do."""

import shutil
from collections.abc import Iterator

from tests.bench.measure import Row, Way, at_most, by_meters, wall
from tests.bench.records import put_on_record
from tests.bench.scene import APPLY, Scene
from tests.bench.stock import built, pulled
from tests.bench.synced import Synced
from tests.parts.ollama import RealOllama

_HOST = """\
apiVersion: reconciler/v1
kind: Host
metadata: {{name: {name}}}
spec: {{url: "{url}"}}
---
"""
_MODELS, _HOSTS, _ROUNDS = 50, 10, 5


def fleet(scene: Scene) -> Iterator[Row]:
    """Measure a plan for ten hosts against one for a single host of them."""
    pulls = pulled(scene, _MODELS // 2)
    models = Synced(pulls, built(scene, pulls[0], _MODELS // 2))
    models.declared(scene.folder / "fleet", _MODELS)
    first, *others = hosts(scene, "fleet", _HOSTS)
    scene.run(*APPLY, "--host", first, "fleet")
    swaps = [{f'"host":"{first}"': f'"host":"{name}"'} for name in others]
    for model in (*pulls, *(f"{name}:latest" for name, _, _ in models.builds)):
        put_on_record(scene, model, swaps)
    ways = (*_plans(scene, _HOSTS * _MODELS), *_plans(scene, _MODELS, "--host", first))
    ((cold, warm, one_cold, one_warm),) = by_meters((wall,), ways, _ROUNDS)
    what, whom = f"plan, nothing to do, {_HOSTS} hosts × {_MODELS} models", "one of the hosts"
    yield at_most(3, "11", what, whom, (warm, one_warm), rounds=_ROUNDS)
    yield at_most(3, "11", "the same, nothing remembered", whom, (cold, one_cold), rounds=_ROUNDS)


def hosts(scene: Scene, folder: str, count: int) -> dict[str, RealOllama]:
    """Return so many servers by their names: the scene's own, and others with the same models. Declares all."""
    servers = {"host-0": scene.ollama}
    for number in range(1, count):
        home = scene.folder / f"host-{number}"
        if scene.ollama.store.exists():
            shutil.copytree(scene.ollama.store, home / "models")
        servers[home.name] = scene.running(RealOllama(home))
    (scene.folder / folder).mkdir(exist_ok=True)
    texts = [_HOST.format(name=name, url=server.url) for name, server in servers.items()]
    (scene.folder / folder / "hosts.yaml").write_text("".join(texts))
    return servers


def _plans(scene: Scene, count: int, *selected: str) -> tuple[Way, Way]:
    """Return our plan when nothing is remembered of an earlier one, and the plan after that."""

    def again() -> None:
        said = scene.reconciler("plan", *selected, "fleet")
        assert said.startswith(f"No changes. {count} models in sync"), said

    def first() -> None:
        scene.forget_cache()
        again()

    return first, again
