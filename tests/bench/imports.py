"""A GGUF that is on this machine, brought onto a host: the first time, and once more."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Row, amount, at_most, in_turns
from tests.bench.scene import APPLY, Scene
from tests.parts.gguf import tiny_model
from tests.parts.ollama import REPOSITORY

_REAL = REPOSITORY / ".parts" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
_LARGE = 1_000_000_000  # bytes
_MANIFEST = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: {name}}}
spec: {{source: {{gguf: ./model.gguf}}}}
"""


@dataclass(frozen=True, slots=True)
class Import:
    """One file in a folder of its own, declared and written into a Modelfile."""

    scene: Scene
    folder: Path

    @classmethod
    def of(cls, scene: Scene, name: str) -> "Import":
        """Return the import of `model.gguf`, to be put into the folder."""
        folder = scene.folder / f"import-{name}"
        folder.mkdir()
        (folder / "models.yaml").write_text(_MANIFEST.format(name=folder.name))
        (folder / "Modelfile").write_text(f"FROM {folder}/model.gguf\n")
        return cls(scene, folder)

    @property
    def file(self) -> Path:
        """Return where the weights are."""
        return self.folder / "model.gguf"

    @property
    def ways(self) -> tuple[list[str], list[str]]:
        """Return our command and theirs."""
        create = [*self.scene.ollama_command, "create", f"by-hand-{self.folder.name}", "-f", f"{self.folder}/Modelfile"]
        return [*APPLY, self.folder.name], create

    def run(self) -> None:
        """Bring it onto the host, in both ways."""
        for words in self.ways:
            self.scene.run(*words)

    def read(self) -> tuple[int, int]:
        """Return the bytes that both ways read from files."""
        ours, theirs = (self.scene.cost(*words).read for words in self.ways)
        return ours, theirs

    def undo(self) -> None:
        """Have neither the host nor our cache know the file."""
        for name in self.scene.server.models():
            self.scene.server.call("DELETE", "/api/delete", model=name)
        self.scene.forget_cache()


def imports(scene: Scene) -> Iterator[Row]:
    """Measure the import of a local file against `ollama create`: a real model, and a large one made for it."""
    tiny = Import.of(scene, "tiny")
    tiny_model(tiny.file)
    real = Import.of(scene, "real")
    shutil.copy(_REAL, real.file)
    yield from _compared(real, tiny, rounds=5)
    large = Import.of(scene, "large")
    tiny_model(large.file, ballast=_LARGE)
    yield from _compared(large, tiny, rounds=2)


def _compared(one: Import, tiny: Import, rounds: int) -> Iterator[Row]:
    ours, theirs = (lambda words=words: one.scene.run(*words) for words in one.ways)
    what, whom = f"import of a GGUF of {amount(one.file.stat().st_size, 'B')}", "ollama create"
    first = in_turns(ours, theirs, rounds, one.undo)
    yield at_most(0.85, "5", what, whom, first, rounds=rounds)
    for each in (one, tiny):
        each.run()
    again = in_turns(ours, theirs, rounds)
    yield at_most(1, "6", f"{what}, again", f"{whom}, again", again, rounds=rounds)
    mine, other = (large - small for large, small in zip(one.read(), tiny.read(), strict=True))
    what = "the same: bytes read, beyond those for a tiny file"
    yield at_most(1 / 100, "6", what, f"{whom}, again", (max(mine, 0), other), "B")
