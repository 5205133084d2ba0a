"""Ctrl-C and SIGTERM during a run: the first asks it to stop, the second stops it.

After the first, the change in hand on each host is finished or abandoned cleanly, recorded, and
nothing more is begun. After the second the process ends at once; what was in hand is still on
record as begun, and the next run cleans up after it. Where nothing is in hand, as while a plan is
made, the first stops it: a host that hangs is left behind.
"""

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType

import click

from reconciler.cli.exit_codes import SIGNALLED
from reconciler.ports import Listener
from reconciler.workflow.fleet import Fleet

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_FINISHING = "finishing the change in hand; once more to stop at once"
_LEAVING = "nothing is in hand; who has not answered yet is left behind"


class Stop(Event):
    """A wish to stop; `signal` tells which signal brought it, 0 before."""

    def __init__(self) -> None:
        super().__init__()
        self.signal = 0
        self.idle = False  # nothing is in hand

    @property
    def status(self) -> int:
        """Return the exit status that a shell would report."""
        return SIGNALLED + self.signal

    @contextmanager
    def with_nothing_in_hand(self) -> Iterator[None]:
        """Let a signal end what is done here at once; raises click.exceptions.Exit then."""
        self.idle = True
        try:
            if self.is_set():
                raise KeyboardInterrupt
            yield
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(self.status) from error
        finally:
            self.idle = False


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
def alarmed(listener: Listener, leaving: Callable[[], None]) -> Iterator[Alarm]:
    """Give what `stopping` gives, for a process that rests in between and does not end after each round.

    `leaving` is called, in the handler of the signal, when the end is asked for.
    """
    alarm = Alarm()

    def stop() -> None:
        leaving()
        alarm.ring(anew=False)

    def handle(_number: int, _frame: FrameType | None) -> None:
        alarm.ring(anew=True)

    before = signal.signal(signal.SIGHUP, handle)
    try:
        with stopping(listener, alarm, stop):
            yield alarm
    finally:
        signal.signal(signal.SIGHUP, before)
        alarm.close()


@contextmanager
def stopping(listener: Listener, stop: Stop, ring: Callable[[], None] = lambda: None) -> Iterator[Stop]:
    """Let the first signal set `stop`; a second signal ends the process there and then.

    A signal may come while this very thread writes a log line, so another one tells of it.
    """
    over, hints = Event(), [_FINISHING]

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(SIGNALLED + number)
        stop.signal = number
        stop.set()
        ring()
        if stop.idle:
            hints[:] = [_LEAVING]
        over.set()
        if stop.idle:
            raise KeyboardInterrupt

    def tell() -> None:
        over.wait()
        if stop.is_set():
            listener.event("warning", "stop_requested", hint=hints[0])

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    with Fleet(1) as fleet:
        fleet.start(tell)
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            over.set()


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end what is done here as Ctrl-C does, for those who are to hear of the end; raises click's Exit.

    Where somebody hears the signal already, it is left to them.
    """
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    stop = Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.signal = number
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    except (KeyboardInterrupt, click.Abort) as error:
        if stop.signal:
            raise click.exceptions.Exit(stop.status) from error
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
