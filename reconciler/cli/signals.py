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
from reconciler.workflow.fleet import Fleet

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
    """Give an event that the first signal sets; a second signal ends the process there and then.

    A signal may come while this very thread writes a log line, so another one tells of it.
    """
    stop, over = Stop(), Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(SIGNALLED + number)
        stop.signal = number
        stop.set()
        over.set()

    def tell() -> None:
        over.wait()
        if stop.is_set():
            hint = "finishing the change in hand; once more to stop at once"
            listener.event("warning", "stop_requested", hint=hint)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    with Fleet(1) as fleet:
        fleet.start(tell)
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            over.set()
