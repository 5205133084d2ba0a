"""Many documents: what reading them costs beyond reading YAML at all."""

import sys
from collections.abc import Iterator

from tests.bench.measure import Row, at_most, by_meters, wall
from tests.bench.scene import Scene

READ = """\
import sys, yaml
assert all(len(list(yaml.load_all(open(path), Loader=yaml.CSafeLoader))) > 1 for path in sys.argv[1:])
"""
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
_IN_A_FILE = 1_000


def documents(scene: Scene) -> Iterator[Row]:
    """Measure `validate` against a bare CSafeLoader, each as a whole process, without and with what it remembers."""
    for count, rounds in ((1_000, 5), (10_000, 3)):
        yield from _compared(scene, count, rounds)


def _compared(scene: Scene, count: int, rounds: int) -> Iterator[Row]:
    folder = scene.folder / f"documents-{count}"
    folder.mkdir()
    for first in range(0, count, _IN_A_FILE):
        some = range(first, first + _IN_A_FILE)
        (folder / f"{first}.yaml").write_text("".join(_DOCUMENT.format(number=number) for number in some))
    bare = (sys.executable, "-c", READ, *(str(path) for path in folder.iterdir()))

    def again() -> None:
        scene.reconciler("validate", folder.name)

    def first() -> None:
        scene.forget_cache()
        again()

    what, whom = f"validate, {count:,} documents", "CSafeLoader"
    ((cold, warm, other),) = by_meters((wall,), (first, again, lambda: scene.run(*bare)), rounds)
    yield at_most(3, "9", f"{what}, nothing remembered", whom, (cold, other), rounds=rounds)
    yield at_most(0.5, "9", f"{what}, again", whom, (warm, other), rounds=rounds)
