"""The health file of a watch: JSON that is written again and again for as long as the process gets on."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.cli.replacing import replace_file
from reconciler.ports import Clock, Listener

BEAT = 30.0  # seconds between two writings at the most, while there is anything that gets on


@dataclass
class Heartbeat:
    """What the file says; without a path nothing is written."""

    path: Path | None
    clock: Clock
    log: Listener
    facts: dict[str, object] = field(default_factory=dict)
    beaten: float = 0.0  # Clock.monotonic of the last writing
    broken: bool = False  # the last writing failed, and that was said

    def beat(self, **facts: object) -> None:
        """Write the file, with these facts from now on."""
        self.facts |= facts
        self.beaten = self.clock.monotonic()
        if self.path is None:
            return
        told = {**self.facts, "written_at": self.clock.now(), "pid": os.getpid()}
        try:
            replace_file(self.path, json.dumps(told, indent=2) + "\n")
            self.broken = False
        except OSError as error:
            if not self.broken:
                facts = {"file": str(self.path), "error": error.strerror or str(error)}
                self.log.event("error", "health_not_written", **facts)
            self.broken = True

    def over(self, listener: Listener) -> Listener:
        """Return a listener to whom everything that gets on is a beat."""
        return _Pulse(self.due, listener)

    def due(self) -> None:
        """Write the file if that is half a beat ago."""
        if self.clock.monotonic() - self.beaten > BEAT / 2:
            self.beat()


@dataclass(frozen=True, slots=True)
class _Pulse:
    """A listener that lets a heart beat."""

    due: Callable[[], None]
    listener: Listener

    def bind(self, **facts: object) -> "_Pulse":
        return _Pulse(self.due, self.listener.bind(**facts))

    def event(self, level: str, name: str, **facts: object) -> None:
        self.due()
        self.listener.event(level, name, **facts)

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        self.due()
        self.listener.progress(task, phase, done, total)

    def finished(self, task: str) -> None:
        self.listener.finished(task)
