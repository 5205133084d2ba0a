"""Nothing to do: half of the models pulled, half of them built, all of them in sync."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.measure import Row, in_turns
from tests.bench.peers import helm_loop
from tests.bench.scene import Scene
from tests.bench.stock import stocked

_MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: "{name}"}}
spec: {{source: {{ollama: {{name: "{name}", insecure: true}}}}}}
---
"""
_BUILD = """\
apiVersion: reconciler/v1
kind: FineTune
metadata: {{name: "{name}"}}
spec: {{base: "{base}", system: "{system}"}}
---
"""


def noop(scene: Scene) -> Iterator[Row]:
    """Measure a plan that finds nothing to do, by time, by the server's CPU and by requests."""
    yield from _against_the_loop(scene, 100, 5)
    yield _against_the_floor(scene, 500, 5)
    yield _large(scene)


def _against_the_loop(scene: Scene, count: int, rounds: int) -> Iterator[Row]:
    pulls, builds = _declared(scene, count)
    others = [(f"peer-{name}", base, system) for name, base, system in builds]

    def ours() -> None:
        _in_sync(scene, count)

    def theirs() -> None:
        helm_loop(scene.ollama.url, pulls, others)

    what, whom = f"plan, nothing to do, N = {count}", "pull and create in a loop"
    mine, loop = in_turns(ours, theirs, rounds)
    busy = [_cpu_of(scene, way, rounds) for way in (ours, theirs)]
    requests = _requests(scene, count)
    wanted = 2 + len(pulls)
    yield Row("1", what, whom, mine, loop, "≤ 1/20", mine <= loop / 20, rounds=rounds)
    yield Row("1", f"{what}: CPU of the server", whom, *busy, "≤ 1/100", busy[0] <= busy[1] / 100, rounds=rounds)
    yield Row("4", f"{what}: requests", "2 + one a reference", requests, wanted, "= 1", requests == wanted, "requests")


def _against_the_floor(scene: Scene, count: int, rounds: int) -> Row:
    pulls, _ = _declared(scene, count)
    floor = str(Path(__file__).with_name("floor.py"))
    mine, bare = in_turns(
        lambda: _in_sync(scene, count),
        lambda: scene.run(sys.executable, floor, scene.ollama.url, scene.registry.hub, *pulls),
        rounds,
    )
    return Row(
        "2", f"plan, nothing to do, N = {count}", "the floor", mine, bare, "≤ 3", mine <= 3 * bare, rounds=rounds
    )


def _large(scene: Scene) -> Row:
    many, few, rounds = 1000, 100, 3
    _declared(scene, many)
    (scene.folder / "few").mkdir(exist_ok=True)
    text = (scene.folder / "manifests" / "bench.yaml").read_text().split("---\n")
    some = [*text[: few // 2], *text[many // 2 : many // 2 + few // 2]]
    (scene.folder / "few" / "bench.yaml").write_text("---\n".join(some))
    mine, small = in_turns(lambda: _in_sync(scene, many), lambda: scene.reconciler("plan", "few"), rounds)
    what = "plan, nothing to do, N = 1,000"
    return Row("14", what, "the same, N = 100", mine, small, "≤ 11", mine <= 11 * small, rounds=rounds)


def _declared(scene: Scene, count: int) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Declare and apply so many models, half of them from the registry; return the names, and what is built.

    The registry's are on the host already, so that apply only puts them on record.
    """
    pulls = stocked(scene, count // 2)
    builds = [(f"b{number:04}", pulls[0], f"You are build {number}.") for number in range(count // 2)]
    folder = scene.folder / "manifests"
    folder.mkdir(exist_ok=True)
    models = "".join(_MODEL.format(name=name) for name in pulls)
    fine_tunes = "".join(_BUILD.format(name=name, base=base, system=system) for name, base, system in builds)
    (folder / "bench.yaml").write_text(models + fine_tunes)
    scene.reconciler("--log-level", "warning", "apply", "--auto-approve")
    return pulls, builds


def _in_sync(scene: Scene, count: int) -> None:
    said = scene.reconciler("plan", "--detailed-exitcode")
    assert said.startswith(f"No changes. {count} models in sync"), said


def _cpu_of(scene: Scene, way: Callable[[], None], rounds: int) -> float:
    before = scene.cpu()
    for _ in range(rounds):
        way()
    return (scene.cpu() - before) / rounds


def _requests(scene: Scene, count: int) -> int:
    """Return how many requests a no-op plan sends, to the server and to the registry together."""
    hub, host = scene.registry.access_log.count("\n"), scene.ollama.log.read_text().count("[GIN]")
    _in_sync(scene, count)
    asked = [line for line in scene.registry.access_log.splitlines()[hub:] if not re.search(r"[?]mark=", line)]
    return len(asked) + scene.ollama.log.read_text().count("[GIN]") - host
