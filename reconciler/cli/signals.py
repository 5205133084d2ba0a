"""Ctrl-C and SIGTERM during a run: the first asks it to stop, the second stops it.

After the first, the change in hand on each host is finished or abandoned cleanly, recorded, and
nothing more is begun. After the second the process ends at once; what was in hand is still on
record as begun, and the next run cleans up after it.
"""

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


class Alarm(Stop):
    """A wish to stop, or by SIGHUP to look again at once, that can be waited for.

    A signal is handled in the thread that waits, so it rings through a pipe: a lock could be held already.
    """

    def __init__(self) -> None:
        super().__init__()
        self._listens, self._rings = os.pipe()
        os.set_blocking(self._listens, False)
        os.set_blocking(self._rings, False)
        self._anew = False

    def ring(self, *, anew: bool) -> None:
        """End the rest, now or when it begins."""
        self._anew = self._anew or anew
        with suppress(BlockingIOError):  # it rings already, very loudly
            os.write(self._rings, b"!")

    def rest(self, seconds: float) -> bool:
        """Wait, at most so long; returns whether somebody wants everything looked at anew."""
        if select.select([self._listens], [], [], seconds)[0]:
            os.read(self._listens, 1 << 16)
        anew, self._anew = self._anew, False
        return anew

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._listens)
        os.close(self._rings)


@contextmanager
def alarmed(listener: Listener) -> Iterator[Alarm]:
    """Give what `stopping` gives, for a process that rests in between and does not end after each round."""
    alarm = Alarm()

    def handle(_number: int, _frame: FrameType | None) -> None:
        alarm.ring(anew=True)

    before = signal.signal(signal.SIGHUP, handle)
    try:
        with stopping(listener, alarm, lambda: alarm.ring(anew=False)):
            yield alarm
    finally:
        signal.signal(signal.SIGHUP, before)
        alarm.close()


@contextmanager
def stopping(listener: Listener, stop: Stop, ring: Callable[[], None] = lambda: None) -> Iterator[Stop]:
    """Let the first signal set `stop`; a second signal ends the process there and then.

    A signal may come while this very thread writes a log line, so another one tells of it.
    """
    over = Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(SIGNALLED + number)
        stop.signal = number
        stop.set()
        ring()
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
