"""Progress on a terminal: a bar for each task while it moves, and log lines above the bars.

rich draws them, and is imported at the first progress. Without a terminal nobody needs
this: the logs tell the progress now and then.
"""

from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.ports import Listener
from reconciler.report.text import safe

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@dataclass(slots=True)
class _Bar:
    """One task on the screen."""

    id: "TaskID"
    phase: str


class LiveProgress:
    """Bars on `stream`, a terminal, until the `with` block ends; threads may share it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()
        self._screen: Progress | None = None
        self._bars: dict[str, _Bar] = {}

    def __enter__(self) -> Self:
        """Draw nothing yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the bars away and give the cursor back, whatever happened."""
        with self._lock:
            if self._screen is not None:
                self._screen.stop()
                self._screen = None
                self._bars.clear()

    def over(self, log: Listener) -> Listener:
        """Return a listener that shows progress here and gives every event to `log`."""
        return _Both(self, log)

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        """Move the bar of a task, in bytes; where total is 0 there is no bar, and only the phase is shown."""
        with self._lock:
            if self._screen is None:
                self._screen = _screen(self._stream)
            known = self._bars.get(task)
            if known is None:
                id_ = self._screen.add_task(safe(task), total=total or None, phase=safe(phase))
                known = self._bars[task] = _Bar(id_, phase)
            elif known.phase != phase:
                known.phase = phase
                self._screen.reset(known.id, phase=safe(phase))
            self._screen.update(known.id, completed=done, total=total or None)

    def finished(self, task: str) -> None:
        """Take the bar of a task away."""
        with self._lock:
            known = self._bars.pop(task, None)
            if known is not None and self._screen is not None:
                self._screen.remove_task(known.id)

    def write(self, line: str) -> None:
        """Write a line of text above the bars, or as it is where there are none; `line` is without its end."""
        with self._lock:
            if self._screen is None:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            else:
                self._screen.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _Both:
    """Progress to the bars, events to the log."""

    bars: LiveProgress
    log: Listener

    def bind(self, **facts: object) -> "_Both":
        return _Both(self.bars, self.log.bind(**facts))

    def event(self, level: str, name: str, **facts: object) -> None:
        self.log.event(level, name, **facts)

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        self.bars.progress(task, phase, done, total)

    def finished(self, task: str) -> None:
        self.bars.finished(task)


def _screen(stream: TextIO) -> "Progress":
    from reconciler.report.bars import screen

    shown = screen(stream)
    shown.start()
    return shown
