"""A Hugging Face hub with one large model, and what is done with it."""

import json
import shutil
import sys
from pathlib import Path

from tests.bench.programs import Program
from tests.bench.scene import Scene
from tests.parts.gguf import tiny_model

_REPO, _FILE = "bench/large", "large.gguf"
_RATE = 100_000_000  # bytes per second and connection
_MANIFEST = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: {name}}}
spec: {{source: {{huggingface: {{repo: {repo}, file: {file}}}}}}}
"""
_DOWNLOAD = "import sys; from huggingface_hub import hf_hub_download; print(hf_hub_download(*sys.argv[1:]))"


class Upstream:
    """The hub, in a process of its own; `size` is that of the model's file, in bytes."""

    def __init__(self, scene: Scene, ballast: int) -> None:
        file = scene.folder / "hub" / _REPO / "main" / _FILE
        file.parent.mkdir(parents=True)
        tiny_model(file, ballast=ballast)
        self._scene, self.size = scene, file.stat().st_size
        self._program = scene.running(Program("tests.bench.hub", str(scene.folder / "hub"), f"{_RATE}"))
        self.settings = {"HF_ENDPOINT": json.loads(self._program.ready)["url"]}

    @property
    def sent(self) -> int:
        """Return the bytes of content that it has sent so far."""
        return int(json.loads(self._program.ask())["sent"])

    @property
    def requests(self) -> int:
        """Return how many requests it has had so far."""
        return int(json.loads(self._program.ask())["requests"])

    def declare(self, name: str) -> None:
        """Declare the model under a name, in a folder of that name."""
        folder = self._scene.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "models.yaml").write_text(_MANIFEST.format(name=name, repo=_REPO, file=_FILE))

    def download(self, home: Path) -> str:
        """Download the file as people do, and return where `huggingface_hub` put it in its cache."""
        own = {**self.settings, "HF_HOME": str(home)}
        return self._scene.run(sys.executable, "-c", _DOWNLOAD, _REPO, _FILE, **own).strip()

    def by_hand(self, host: str) -> None:
        """Bring the model onto a host as people do: download, Modelfile, `ollama create`."""
        home = self._homes / host.rpartition(":")[2]
        home.mkdir(parents=True)
        (home / "Modelfile").write_text(f"FROM {self.download(home)}\n")
        create = [*self._scene.ollama_command, "create", "by-hand", "-f", str(home / "Modelfile")]
        self._scene.run(*create, OLLAMA_HOST=host)

    def tidy(self) -> None:
        """Remove what was downloaded by hand."""
        shutil.rmtree(self._homes, ignore_errors=True)

    @property
    def _homes(self) -> Path:
        return self._scene.folder / "by-hand"
