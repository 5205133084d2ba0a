"""A download under way: what is missing is asked for, over several connections where it is much, and hashed beside.

The bytes go to their places in whatever order they come, and are given away in order.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from threading import Event, Lock
from typing import Protocol

from reconciler.arrival import Arrival
from reconciler.errors import SourceUnavailable
from reconciler.ports import Progress
from reconciler.sources._files.pieces import Mark, Pieces
from reconciler.transport import Stream

Ask = Callable[[int, int], AbstractContextManager[Stream]]
"""Asks for the bytes from a start to an end: the answer is 200 with everything, 206, or 416 where there are none.

Raises ResolutionError, also while the answer is read.
"""

_CONNECTIONS = 4  # for one download
_BLOCK = 1 << 20  # bytes: a fifth less CPU than with a quarter of it
_WAITS = (0.5, 2.0)  # seconds after each failed attempt in a row that brought nothing, but the last


def span(start: int, end: int, size: int) -> dict[str, str]:
    """Return the header that asks for the bytes from a start to an end, of so many in all; none for everything."""
    if end < size:
        return {"Range": f"bytes={start}-{end - 1}"}
    return {"Range": f"bytes={start}-"} if start else {}


class Store(Protocol):
    """Where the bytes of a download go."""

    def write(self, place: int, data: bytes) -> None:
        """Put bytes at a place; raises ReconcilerError where that can't be done."""

    def scatter(self, begun: Sequence[Mark]) -> None:
        """Learn that bytes will come out of order from now on, and what is there."""

    def keep(self, marks: Sequence[Mark]) -> None:
        """Learn of more that is there."""


class Download:
    """What has arrived of a blob, and what is missing."""

    def __init__(self, arrival: Arrival, pieces: Pieces, store: Store, progress: Progress) -> None:
        self._arrival, self._pieces, self._store, self._progress = arrival, pieces, store, progress
        self._guard = Lock()
        self.too_long = False  # more came than there should be
        arrival.reached(pieces.front)

    def run(self, begin: Callable[[], Ask]) -> None:
        """Bring what is missing; a SourceUnavailable may pass: what is then still missing is asked for once more.

        `begin` is called for each attempt. Raises ResolutionError, or what the store does.
        """
        try:
            self._tried(begin)
        except BaseException:
            self._store.keep(self._pieces.begun)  # what is there of each piece, for whoever goes on
            raise

    def _tried(self, begin: Callable[[], Ask]) -> None:
        failures = 0
        while self._pieces.missing:
            before = self._pieces.arrived
            try:
                self._attempt(begin())
            except SourceUnavailable:
                failures = 0 if self._pieces.arrived > before else failures
                if failures == len(_WAITS):
                    raise
                time.sleep(_WAITS[failures])
                failures += 1
            if self.too_long:
                return

    def _attempt(self, ask: Ask) -> None:
        if self._pieces.missing > 2 * self._pieces.piece:
            try:
                return self._in_parallel(ask)
            except _Everything:
                return self._bring(ask, self._pieces.front, self._arrival.size, Event())
        for start, end in _joined(self._pieces.gaps()):
            self._bring(ask, start, end, Event())
        return None

    def _in_parallel(self, ask: Ask) -> None:
        """Bring what is missing in its order, several at once.

        Where a connection fails, no other piece is begun, but those under way come to their end; else all are dropped.
        """
        left, enough, halt = self._pieces.gaps(), Event(), Event()

        def work() -> None:
            while not enough.is_set():
                with self._guard:
                    gap = next(left, None)
                if gap is None:
                    return
                try:
                    self._bring(ask, *gap, halt)
                except BaseException as error:
                    enough.set()
                    if not isinstance(error, SourceUnavailable):
                        halt.set()
                    raise

        self._store.scatter(self._pieces.begun)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            working: list[Future[None]] = [pool.submit(copy_context().run, work) for _ in range(_CONNECTIONS)]
        failed = [error for future in working if (error := future.exception()) is not None]
        for error in sorted(failed, key=lambda item: isinstance(item, SourceUnavailable)):
            raise error

    def _bring(self, ask: Ask, start: int, end: int, halt: Event) -> None:
        """Write what one answer brings; a hub that gives everything instead is heard alone, from the beginning."""
        size = self._arrival.size
        with ask(start, end) as answer:
            place = 0 if answer.status == 200 else start
            if answer.status == 200 and end < size:
                raise _Everything
            for chunk in answer.chunks(_BLOCK) if answer.status != 416 else ():
                if halt.is_set():
                    return
                place = self._took(place, chunk, end)
                if place >= end < size or place > size:
                    return
        if place < end:
            raise SourceUnavailable(
                "the download broke off: the hub sent less than it said", hint="run again: it goes on where it stopped"
            )

    def _took(self, place: int, chunk: bytes, end: int) -> int:
        """Write a chunk, but for what is behind the end of a piece; one byte behind the last is enough to be wrong."""
        size = self._arrival.size
        after = place + len(chunk)
        if after > size:
            self.too_long = True
            self._progress("downloading", after, size)
            return after
        self._store.write(place, chunk[: end - place])
        with self._guard:
            if whole := self._pieces.add(place, min(after, end) - place):
                self._store.keep(whole)
            done = self._pieces.arrived
            self._arrival.reached(self._pieces.front)
        self._progress("downloading", done, size)
        return after


class _Everything(Exception):
    """A hub gave all of it where a piece was asked for."""


def _joined(gaps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return gaps that follow each other as one."""
    found: list[tuple[int, int]] = []
    for start, end in gaps:
        joins = found and found[-1][1] == start
        found.append((found.pop()[0] if joins else start, end))
    return found
