"""Many documents: what reading them costs beyond reading YAML at all."""

import sys

from tests.bench.measure import Row, in_turns
from tests.bench.scene import Scene

_DOCUMENT = """\
apiVersion: reconciler/v1
kind: Model
metadata:
  name: model-{number}:v1
  labels: {{tier: chat}}
spec:
  source:
    ollama: llama3.2:1b
  parameters:
    num_ctx: 4096
    temperature: 0.{number}
    stop: ["<|im_end|>"]
  system: |
    You are number {number}.
    You answer in one sentence.
---
"""
_READ = """\
import sys, yaml
assert all(len(list(yaml.load_all(open(path), Loader=yaml.CSafeLoader))) > 1 for path in sys.argv[1:])
"""
_IN_A_FILE = 1_000
_COLD = 3


def documents(scene: Scene) -> list[Row]:
    """Measure `validate` against a bare CSafeLoader, each as a whole process."""
    return [_compared(scene, count, rounds) for count, rounds in ((1_000, 5), (10_000, 3))]


def _compared(scene: Scene, count: int, rounds: int) -> Row:
    folder = scene.folder / f"documents-{count}"
    folder.mkdir()
    for first in range(0, count, _IN_A_FILE):
        some = range(first, first + _IN_A_FILE)
        (folder / f"{first}.yaml").write_text("".join(_DOCUMENT.format(number=number) for number in some))
    paths = [str(path) for path in folder.iterdir()]
    ours, bare = in_turns(
        lambda: scene.reconciler("validate", folder.name),
        lambda: scene.run(sys.executable, "-c", _READ, *paths),
        rounds,
    )
    what = f"validate, {count:,} documents"
    return Row("9", what, "CSafeLoader", ours, bare, f"≤ {_COLD}", ours <= _COLD * bare, rounds=rounds)
