"""Real shells that complete a command line: bash and zsh as somebody types, fish as it is asked.

What this machine lacks is unpacked under `.parts/shells`, and told where its own files are.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.ollama import REPOSITORY

UNPACKED = REPOSITORY / ".parts" / "shells"
FOLDERS = ("bin", "usr/bin")
PATIENCE = 60.0  # seconds
_SHOWN = re.compile(r"^<(.*)>\r?$", re.MULTILINE)


def find(shell: str) -> str | None:
    """Return the path of a shell, of this machine or unpacked; None where there is none that runs."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *(str(UNPACKED / folder) for folder in FOLDERS)])
    found = shutil.which(shell, path=places)
    if found is None:
        return None
    answer = subprocess.run([found, "-c", "exit 7"], env=environment(), capture_output=True, check=False)
    return found if answer.returncode == 7 else None


def environment() -> dict[str, str]:
    """Return an environment in which unpacked shells find their libraries."""
    libraries = os.pathsep.join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu")))
    return {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {}), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def zsh_settings() -> str:
    """Return what tells an unpacked zsh where its modules and functions are; nothing where it is installed."""
    if not str(find("zsh")).startswith(str(UNPACKED)):
        return ""
    modules = " ".join(map(str, UNPACKED.glob("usr/lib/*/zsh/*")))
    return f"module_path=({modules})\nfpath=({UNPACKED}/usr/share/zsh/functions/**/*(/N))\n"


class Typing:
    """A shell at a terminal, and somebody who types a line, presses Tab, and looks at what the line has become."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def run(self, line: str, end: str) -> None:
        """Type a line, and wait for a line of output that is `end`."""
        self._type(f"{line}\n")
        self._until(re.compile(rf"^{end}\r?$", re.MULTILINE))

    def completed(self, line: str) -> str:
        """Return what a line is after Tab."""
        self._seen = ""
        self._type(f"{line}\t\x01echo '<\x05>'\n")  # to its start, to its end: the line itself is told, not run
        return self._until(_SHOWN)[1]

    def _type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def _until(self, pattern: re.Pattern[str]) -> re.Match[str]:
        deadline = time.monotonic() + PATIENCE
        while not (found := pattern.search(self._seen)):
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the shell did not get there: {self._seen!r}")
            self._seen += os.read(self._master, 1 << 16).decode("utf-8", "replace")
        return found
