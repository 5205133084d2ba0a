"""Where it is measured: one real server and one real registry in a temporary folder, and the commands in between."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.demo.server import Server
from tests.parts.ollama import REPOSITORY, RealOllama, find_server
from tests.parts.registry import RealRegistry

_TICKS = os.sysconf("SC_CLK_TCK")  # a second, in /proc


@dataclass(frozen=True, slots=True)
class Scene:
    """What a comparison works with."""

    folder: Path
    ollama: RealOllama
    registry: RealRegistry

    @property
    def server(self) -> Server:
        """Return the Ollama server."""
        return Server(self.ollama.url)

    @property
    def environment(self) -> dict[str, str]:
        """Return all that a command gets to know."""
        files = find_server()
        libraries = {"LD_LIBRARY_PATH": str(files.libraries)} if files is not None and files.libraries else {}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "OLLAMA_HOST": self.ollama.url,
            **libraries,
        }

    def reconciler(self, *words: str) -> str:
        """Run a command of ours as a whole process and return its output; raises CalledProcessError."""
        return self.run(sys.executable, "-m", "reconciler", *words)

    def ollama_cli(self, *words: str) -> str:
        """Run a command of Ollama's own, as people do; raises CalledProcessError."""
        files = find_server()
        assert files is not None
        return self.run(str(files.binary), *words)

    def run(self, *words: str) -> str:
        """Run any command here and return what it wrote to stdout; raises CalledProcessError."""
        done = subprocess.run(words, cwd=self.folder, env=self.environment, check=True, capture_output=True)
        return done.stdout.decode()

    def cpu(self) -> float:
        """Return the seconds of CPU that the Ollama server has used."""
        fields = Path(f"/proc/{self.ollama.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def scene() -> Iterator[Scene]:
    """Give a scene with everything running, and take all of it away again."""
    with TemporaryDirectory(prefix="reconciler-bench-") as name, ExitStack() as running:
        folder = Path(name)
        ollama = running.enter_context(RealOllama(folder / "ollama"))
        registry = running.enter_context(RealRegistry(folder / "registry"))
        yield Scene(folder, ollama, registry)
