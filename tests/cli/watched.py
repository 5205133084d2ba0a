"""A `reconciler watch` in a process of its own, and what it writes to its log as it writes it."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


def until(so: Callable[[], object]) -> None:
    """Wait until this is so, and not for ever."""
    deadline = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)


class Watched:
    """A watch that ends with the `with` block at the latest."""

    def __init__(self, *words: object, interval: str = "1h") -> None:
        command = [sys.executable, "-m", "reconciler", "--log-format", "json", "watch", "--interval", interval]
        self._process = subprocess.Popen(
            [*command, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self.told: list[dict[str, object]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def hear(self, event: str) -> dict[str, object]:
        """Return the next line with this event."""
        while True:
            line = json.loads(self._lines.get(timeout=30))
            self.told.append(line)
            if line["event"] == event:
                return line

    def round(self) -> dict[str, object]:
        """Return the summary of the next round."""
        return self.hear("run_finished")

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def ended(self) -> int:
        """Return the exit status, once it has ended by itself."""
        return self._process.wait(timeout=30)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.put(line)
