"""Logs: events as lines, for people or as JSON; where they go is the caller's to say.

structlog makes the lines. It is imported at the first line that is really written,
so that a command with nothing to log does not pay for it.
"""

import json
from collections.abc import Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.core.hidden import hidden, hiding
from reconciler.ports import Clock

if TYPE_CHECKING:
    import structlog

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
SMALL = 1_000_000  # bytes; what was over at once and moved less is told to those who want to know everything
PROGRESS_INTERVAL = 10.0  # seconds between two lines about the same task

_HEAD = ("timestamp", "level", "event")
_Fields = MutableMapping[str, object]


def configure(
    level: str, format: str, write: Callable[[str], None], clock: Clock, secrets: Collection[str] = ()
) -> "LogListener":
    """Return a listener that gives each event at `level` (one of LEVELS) or above to `write` as one line.

    `format` is one of FORMATS. `write` gets the line without its end, from one thread at a time.
    `secrets` are values that no line may hold; each becomes `***`.
    """
    return LogListener(_Lines(LEVELS.index(level), format, write, clock, hiding(secrets)))


@dataclass(frozen=True, slots=True)
class LogListener:
    """A Listener that writes lines; `facts` are in every one of them."""

    lines: "_Lines"
    facts: Mapping[str, object] = field(default_factory=dict)

    def bind(self, **facts: object) -> "LogListener":
        """Return a listener that adds these facts to every event."""
        return LogListener(self.lines, {**self.facts, **facts})

    def event(self, level: str, name: str, **facts: object) -> None:
        """Write one event."""
        self.lines.event(level, name, {**self.facts, **facts})

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        """Write how far a task is (bytes) every `PROGRESS_INTERVAL` seconds, if it lasts that long."""
        self.lines.progress(task, {**self.facts, **_progress(task, phase, done, total)})

    def finished(self, task: str) -> None:
        """Write how far a task came, where it moved anything."""
        self.lines.finished(task)


def _progress(task: str, phase: str, done: int, total: int) -> dict[str, object]:
    known = {"total": total, "percent": 100 * done // total} if total else {}
    return {"task": task, "phase": phase, "done": done, **known}


def _is_much(facts: Mapping[str, object]) -> bool:
    return isinstance(done := facts["done"], int) and done >= SMALL


@dataclass(slots=True)
class _Task:
    """What is known of a task in progress."""

    written_at: float  # Clock.monotonic; when it began, until a line is written
    moved: Mapping[str, object] | None = None  # how far its bytes came, where that is not yet written
    told: bool = False  # a line was written


class _Lines:
    """Where all listeners of one configuration meet: the level, the pace of progress, and one line at a time."""

    def __init__(
        self, level: int, format: str, write: Callable[[str], None], clock: Clock, secrets: tuple[str, ...]
    ) -> None:
        self._level, self._format, self._write = level, format, write
        self._clock, self._secrets = clock, secrets
        self._lock = Lock()
        self._tasks: dict[str, _Task] = {}
        self._logger: structlog.BoundLogger | None = None

    def event(self, level: str, name: str, facts: Mapping[str, object]) -> None:
        """Write an event that is important enough."""
        if LEVELS.index(level) < self._level:
            return
        with self._lock:
            if self._logger is None:
                self._logger = self._configured()
            getattr(self._logger.bind(**facts), level)(name)

    def progress(self, task: str, facts: Mapping[str, object]) -> None:
        """Write how far a task is where that was not written for a while, else remember it."""
        now = self._clock.monotonic()
        counted = "total" in facts and facts["done"] != 0
        with self._lock:
            known = self._tasks.setdefault(task, _Task(now))
            if now - known.written_at < PROGRESS_INTERVAL:
                known.moved = facts if counted else known.moved
                return
            known.written_at = now
            known.moved, known.told = None, True
        self.event("info", "progress", facts)

    def finished(self, task: str) -> None:
        """Write how many bytes a task moved, unless that is written, and forget it."""
        with self._lock:
            known = self._tasks.pop(task, None)
        if known is not None and known.moved is not None:
            self.event("info" if known.told or _is_much(known.moved) else "debug", "progress", known.moved)

    def _configured(self) -> "structlog.BoundLogger":
        import structlog

        render = _as_json if self._format == "json" else _as_text
        logger: structlog.BoundLogger = structlog.wrap_logger(
            _Sink(self._write), processors=[self._headed, render], wrapper_class=structlog.BoundLogger
        )
        return logger

    def _headed(self, _logger: object, level: str, fields: _Fields) -> _Fields:
        """Return the fields with the three that every line has in front, values made plain and secrets hidden."""
        head = {"timestamp": self._clock.now(), "level": level, "event": fields.pop("event")}
        return {key: self._plain(value) for key, value in {**head, **fields, **head}.items()}

    def _plain(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        return hidden(str(value), self._secrets)


@dataclass(frozen=True, slots=True)
class _Sink:
    """What structlog wraps: every level is one line to the same place."""

    write: Callable[[str], None]

    def debug(self, line: str) -> None:
        """Write a line."""
        self.write(line)

    info = warning = error = debug


def _as_json(_logger: object, _level: str, fields: _Fields) -> str:
    """Return the fields as JSON in ASCII, which no terminal can misread."""
    return json.dumps(fields)


def _as_text(_logger: object, _level: str, fields: _Fields) -> str:
    """Return the time to the second, the level, the event, and the rest as key=value."""
    timestamp, level, event = (str(fields.pop(key)) for key in _HEAD)
    pairs = (f"{key}={_shown(value)}" for key, value in fields.items())
    return " ".join((f"{timestamp[:19]}Z", f"{level:<7}", _shown(event), *pairs))


def _shown(value: object) -> str:
    """Return a value bare where that can't be misread, else as a JSON string; what does not print is escaped."""
    text = value if isinstance(value, str) else json.dumps(value)
    if not text.isprintable():
        return json.dumps(text).replace("\x7f", "\\u007f")
    bare = text and not set(text) & set(' "=')
    return text if bare else json.dumps(text, ensure_ascii=False)
