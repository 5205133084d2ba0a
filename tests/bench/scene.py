"""Where it is measured: real parts in a temporary folder, each started at its first use, and the commands between."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self, TypeVar

from tests.bench import watched
from tests.demo.server import Server
from tests.parts.ollama import MISSING, REPOSITORY, RealOllama, find_server
from tests.parts.registry import RealRegistry

Part = TypeVar("Part")

OURS = (sys.executable, "-m", "reconciler")
APPLY = (*OURS, "--log-level", "warning", "apply", "--auto-approve")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a whole process took."""

    peak: int  # bytes of memory
    read: int  # bytes, from files and pipes
    written: int  # bytes, to disks


class Scene:
    """What a comparison works with; its properties raise RuntimeError with what this machine lacks."""

    def __enter__(self) -> Self:
        self._running = ExitStack()
        self.folder = Path(self._running.enter_context(TemporaryDirectory(prefix="reconciler-bench-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def running(self, part: AbstractContextManager[Part]) -> Part:
        """Start one more part, which ends with the scene, and also where Ctrl-C comes while it starts."""
        self._running.push(part)
        return part.__enter__()

    @cached_property
    def ollama(self) -> RealOllama:
        """Return the Ollama server."""
        return self.running(RealOllama(self.folder / "ollama"))

    @cached_property
    def registry(self) -> RealRegistry:
        """Return the registry."""
        return self.running(RealRegistry(self.folder / "registry"))

    @property
    def server(self) -> Server:
        """Return what the Ollama server itself says."""
        return Server(self.ollama.url)

    @property
    def environment(self) -> dict[str, str]:
        """Return all that a command gets to know."""
        files = find_server()
        libraries = {"LD_LIBRARY_PATH": str(files.libraries)} if files is not None and files.libraries else {}
        host = {"OLLAMA_HOST": self.ollama.url} if "ollama" in self.__dict__ else {}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            **host,
            **libraries,
        }

    def reconciler(self, *words: str, **environment: str) -> str:
        """Run a command of ours as a whole process and return its output; raises CalledProcessError."""
        return self.run(*OURS, *words, **environment)

    def apply(self, folder: str, **environment: str) -> None:
        """Apply a folder of manifests; raises CalledProcessError."""
        self.run(*APPLY, folder, **environment)

    @property
    def ollama_command(self) -> list[str]:
        """Return Ollama's own command, as people run it."""
        files = find_server()
        if files is None:
            raise RuntimeError(MISSING)
        return [str(files.binary)]

    def run(self, *words: str, **environment: str) -> str:
        """Run any command here and return what it wrote to stdout; raises CalledProcessError."""
        told = {**self.environment, **environment}
        done = subprocess.run(words, cwd=self.folder, env=told, check=True, capture_output=True, text=True)
        return done.stdout

    def cost(self, *words: str, **environment: str) -> Cost:
        """Run any command here and return what it cost; raises CalledProcessError."""
        kept = self.folder / "cost.json"
        self.run(sys.executable, watched.__file__, str(kept), *words, **environment)
        return Cost(**json.loads(kept.read_text()))

    def forget_cache(self) -> None:
        """Have our next command begin with an empty cache."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    def cpu(self) -> float:
        """Return the seconds of CPU that the Ollama server has used."""
        threads = Path(f"/proc/{self.ollama.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
