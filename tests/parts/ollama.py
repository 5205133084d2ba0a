"""A real Ollama server for tests: its own port, its own store, its own home."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 10.0  # seconds
MISSING = "no Ollama server: set RECONCILER_TEST_OLLAMA, fill .parts/ollama, or put `ollama` on the PATH"

_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """What is needed to start a server: the binary, and the folder of its libraries where it has one of its own."""

    binary: Path
    libraries: Path | None = None


def find_server() -> ServerFiles | None:
    """Return the server that tests should start, or None where this machine has none."""
    if named := os.environ.get("RECONCILER_TEST_OLLAMA"):
        return ServerFiles(Path(named), Path(named).parent)
    parts = REPOSITORY / ".parts" / "ollama"
    if (parts / "ollama-lib").is_file():
        return ServerFiles(parts / "ollama-lib", parts)
    found = shutil.which("ollama")
    return ServerFiles(Path(found)) if found else None


class RealOllama:
    """One server process; it keeps its port and its store over `kill()` and `start()`."""

    def __init__(self, folder: Path) -> None:
        files = find_server()
        if files is None:
            raise RuntimeError(MISSING)
        self._files, self._folder = files, folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = folder / "models"
        self.log = folder / "server.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the number of the server's process, 0 while none runs."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError with the end of its log if it does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._files.binary, "serve"], env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Ollama did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server politely, and by force where it does not listen."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT)
        self._process.kill()
        self._process.wait()
        self._process = None

    def _environment(self) -> dict[str, str]:
        """Return an environment of its own: nobody's proxies, keys or settings leak into a test."""
        own = {"OLLAMA_HOST": f"127.0.0.1:{self.port}", "OLLAMA_MODELS": str(self.store), "HOME": str(self._folder)}
        if self._files.libraries is not None:
            own["LD_LIBRARY_PATH"] = str(self._files.libraries)
        return {"PATH": os.environ.get("PATH", os.defpath), **own}

    def _answers(self) -> bool:
        try:
            with _direct.open(f"{self.url}/api/version", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
