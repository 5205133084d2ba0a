"""The stage: real servers in a temporary folder, manifests to work on, and an environment that knows nothing else."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from tests.demo.server import Server
from tests.fakes.hf_server import HubServer
from tests.parts.gguf import tiny_model
from tests.parts.ollama import REPOSITORY, RealOllama
from tests.parts.registry import RealRegistry, available

FILE = REPOSITORY / ".parts" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
REPO = "bartowski/SmolLM2-135M-Instruct-GGUF"
MANIFESTS = Path(__file__).parent / "manifests"
_HEADERS = 4_000_000  # bytes that plans may look at, in all


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that the story may look at or touch."""

    folder: Path
    server: Server
    hub: HubServer
    environment: dict[str, str]
    no_registry: str  # why there is no registry to pull from; empty where there is one
    registry: RealRegistry | None = None
    second: Server | None = None  # another server, which holds nothing

    @property
    def downloads(self) -> int:
        """Return how often the bytes of the file were sent, begun ones too, but for what plans judge it by."""
        return max(0, -(-(self.hub.sent - _HEADERS) // FILE.stat().st_size))

    def publish(self, **fields: object) -> None:
        """Put a version of the tiny model into the registry, as a colleague would, under the tag that it always has.

        What the server held under that name before is there again afterwards.
        """
        assert self.registry is not None
        path, name = self.folder / "tiny.gguf", f"{self.registry.hub}/demo/tiny:v1"
        digest = str(tiny_model(path))
        self.server.upload(digest, path.read_bytes())
        self.server.call("POST", "/api/create", model=name, files={path.name: digest}, **fields)
        self.registry.push(self.server.url, name)
        self.server.call("DELETE", "/api/delete", model=name)


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a stage with everything running, and take all of it away again, whatever happens."""
    with TemporaryDirectory(prefix="reconciler-demo-") as name, ExitStack() as running:
        folder = Path(name)
        ollama = running.enter_context(RealOllama(folder / "ollama"))
        hub = running.enter_context(HubServer(folder / "hub"))
        hub.commit(REPO, {FILE.name: FILE, "README.md": b"# SmolLM2\n"})
        second = running.enter_context(RealOllama(folder / "second"))
        no_registry = available() or ""
        registry = None if no_registry else running.enter_context(RealRegistry(folder / "registry"))
        others = {
            "REGISTRY": registry.hub if registry is not None else "",
            "SECOND": second.url,
            "ELSEWHERE": str(folder / "elsewhere"),
        }
        environment = {**_environment(folder, ollama.url, hub.url), **others}
        made = Stage(folder, Server(ollama.url), hub, environment, no_registry, registry, Server(second.url))
        if registry is not None:
            made.publish(system="Be brief.")
        _write_manifests(folder / "manifests", {"REGISTRY": registry.hub} if registry is not None else {})
        yield made


def _write_manifests(folder: Path, places: dict[str, str]) -> None:
    """Write the manifests whose places are known; one that names a registry is left out where there is none."""
    folder.mkdir()
    for path in sorted(MANIFESTS.glob("*.yaml")):
        text = Template(path.read_text()).safe_substitute(places)
        if "$REGISTRY" not in text:
            (folder / path.name).write_text(text)


def _environment(folder: Path, ollama: str, hub: str) -> dict[str, str]:
    """Return all that a command gets to know: no token, proxy or home of whoever watches."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OLLAMA_HOST": ollama,
        "HF_ENDPOINT": hub,
    }
