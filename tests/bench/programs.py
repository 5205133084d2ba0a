"""Servers of the bench's own, each a Python process of its own, so that it takes no time from those it serves.

A program writes one line when it is ready and one for each line that it reads, and ends with its standard input:
when the bench ends, however that is, so does the program.
"""

import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.parts.ollama import REPOSITORY


class Program:
    """A module of this package that runs in the background; `ready` is what it said first."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._words = [sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[str] | None = None  # until it is started

    def __enter__(self) -> Self:
        """Start it, in a session of its own: Ctrl-C is for the bench."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            self._words, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )
        self.ready = self._said()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate()

    def ask(self) -> str:
        """Return what the program says now."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._said()

    def _said(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        if line := self._process.stdout.readline().strip():
            return line
        raise RuntimeError(f"{' '.join(self._words[1:])} ended")


def serve(ready: str, answer: Callable[[], str] = str) -> None:
    """Be such a program until standard input ends."""
    print(ready, flush=True)
    for _ in sys.stdin:
        print(answer(), flush=True)
