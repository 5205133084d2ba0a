"""The heartbeat of a watch: a health file in JSON, and systemd, are told again and again that the process gets on."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.cli.replacing import replace_file
from reconciler.cli.systemd import notify
from reconciler.ports import Clock, Listener

BEAT = 30.0  # seconds between two writings at the most, while there is anything that gets on


@dataclass
class Heartbeat:
    """What the file says; without a path nothing is written, and without an address systemd is not told."""

    path: Path | None
    clock: Clock
    log: Listener
    systemd: str = ""  # the address of its socket
    facts: dict[str, object] = field(default_factory=dict)
    beaten: float = 0.0  # Clock.monotonic of the last writing
    broken: bool = False  # the last writing failed, and that was said

    def beat(self, **facts: object) -> None:
        """Write the file, with these facts from now on, and put off systemd's watchdog."""
        self.facts |= facts
        self.beaten = self.clock.monotonic()
        notify(self.systemd, "WATCHDOG=1")
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

    def begun(self) -> None:
        """Tell systemd that the service is up; it may be told again."""
        notify(self.systemd, "READY=1")

    def ending(self) -> None:
        """Tell systemd that the end was asked for."""
        notify(self.systemd, "STOPPING=1")

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
