"""How progress looks: a spinner, the task and its phase, and a bar with bytes where they are counted.

Importing this module imports rich, so that is left to the first progress.
"""

from typing import TextIO

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from reconciler.report.text import cut, width

_BAR = 16  # columns
_COUNTS = 52  # columns of all that stands beside the name
_NAME = 12  # columns that the name of a task has at least


def screen(stream: TextIO) -> Progress:
    """Return what draws tasks on a terminal; each needs the field `phase`."""
    console = Console(file=stream)
    counted = (BarColumn(_BAR), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    spinner = SpinnerColumn("dots" if _has_letters(console) else "line")
    return Progress(spinner, _Name(console), *map(_Counted, counted), console=console, transient=True)


def _has_letters(console: Console) -> bool:
    """Tell whether this terminal has more than ASCII."""
    return console.encoding.startswith("utf")


class _Name(ProgressColumn):
    """The task and its phase, on one line however narrow the terminal is: the name gives way to the phase."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def render(self, task: Task) -> Text:
        phase = f"  {task.fields['phase']}"
        room = self._console.width - _COUNTS - width(phase)
        gap = "…" if _has_letters(self._console) else "~"
        return Text(cut(task.description, max(room, _NAME), gap) + phase, no_wrap=True)


class _Counted(ProgressColumn):
    """A column about bytes, empty where it is not known how many there are."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return self._column(task) if task.total is not None else Text()
