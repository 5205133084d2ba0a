"""Ctrl-C and SIGTERM during a run: the first asks it to stop, the second stops it.

After the first, the change in hand on each host is finished or abandoned cleanly, recorded, and
nothing more is begun. After the second the process ends at once; what was in hand is still on
record as begun, and the next run cleans up after it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

from reconciler.cli.exit_codes import SIGNALLED
from reconciler.ports import Listener

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop(Event):
    """A wish to stop; `signal` tells which signal brought it, 0 before."""

    def __init__(self) -> None:
        super().__init__()
        self.signal = 0

    @property
    def status(self) -> int:
        """Return the exit status that a shell would report."""
        return SIGNALLED + self.signal


@contextmanager
def stopping(listener: Listener) -> Iterator[Stop]:
    """Give an event that the first signal sets; a second signal ends the process there and then."""
    stop = Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(SIGNALLED + number)
        stop.signal = number
        stop.set()
        listener.event("warning", "stop_requested", hint="finishing the change in hand; once more to stop at once")

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
