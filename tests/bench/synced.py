"""Models that are declared, on the host and on record: what a plan meets when there is nothing to do."""

from dataclasses import dataclass
from pathlib import Path

from tests.bench.records import put_on_record
from tests.bench.scene import Scene
from tests.bench.stock import Build, built, pulled

MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: "{name}"}}
spec: {{source: {{ollama: {{name: "{name}", insecure: true}}}}}}
---
"""
RELAYED = MODEL.replace("insecure: true", "insecure: true, relay: always")
_BUILD = """\
apiVersion: reconciler/v1
kind: FineTune
metadata: {{name: "{name}"}}
spec: {{base: "{base}", system: "{system}"}}
---
"""


@dataclass(frozen=True, slots=True)
class Synced:
    """What is in sync: half of it pulled, half of it built on the first that was pulled."""

    pulls: list[str]
    builds: list[Build]

    def declared(self, folder: Path, count: int) -> None:
        """Declare the first so many in a folder, half of each."""
        folder.mkdir(exist_ok=True)
        models = [MODEL.format(name=name) for name in self.pulls[: count // 2]]
        builds = [_BUILD.format(name=name, base=base, system=said) for name, base, said in self.builds[: count // 2]]
        (folder / "bench.yaml").write_text("".join(models + builds))


def synced(scene: Scene, count: int) -> Synced:
    """Have so many models on the host and on record, and declared in `manifests`."""
    pulls = pulled(scene, count // 2)
    builds = built(scene, pulls[0], count // 2)
    whole = Synced(pulls, builds)
    if not (scene.folder / "state").exists():
        whole.declared(scene.folder / "first", 2)
        scene.apply("first")
    digests = {name.removesuffix(":latest"): digest for name, (digest, _) in scene.server.models().items()}
    first, (build, _, said) = pulls[0], builds[0]
    tags = {name: name.rpartition(":")[2] for name in pulls}
    swaps = [{tags[first]: tags[name], digests[first]: digests[name]} for name in pulls]
    put_on_record(scene, first, swaps)
    swaps = [{f"{build}:": f"{name}:", said: system, digests[build]: digests[name]} for name, _, system in builds]
    put_on_record(scene, f"{build}:latest", swaps)
    whole.declared(scene.folder / "manifests", count)
    return whole
