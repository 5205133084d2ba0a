"""Passing: content that goes through our memory to hosts, and touches no disk of ours.

Only so much is held at a time: whoever brings it waits for the slowest of those who read it. What all have read is
gone, so whoever comes later, or has to begin again, needs another arrival.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reconciler.arrival import Arrival, Reader
from reconciler.errors import Interrupted

_BLOCK = 8 << 20  # bytes that are freed together
_WINDOW = 4 * _BLOCK  # bytes that the first may be ahead of the last


class Passing(Arrival):
    """An arrival in memory; `expect` its readers before it begins."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._blocks: dict[int, bytearray] = {}  # by number
        self._spare: list[bytearray] = []  # to be used again: less memory than new ones take, and less time
        self._expected, self._begun = 0, False
        self._readers: list[Reader] = []

    def expect(self) -> None:
        """Have nothing dropped before one more has come to read it: a host, or the judge of it."""
        with self._news:
            self._expected += 1

    def begin(self) -> None:
        """Let it be read, from memory: nothing of it lies in a file."""
        with self._news:
            self._begun = True
            self._news.notify_all()

    def hold(self, content: bytes) -> None:
        """Have it be this, which is small."""
        self.begin()
        self._blocks[0] = bytearray(content)
        self.reached(self.size)
        self.complete()

    def write(self, place: int, data: bytes) -> None:
        """Put bytes at a place, once there is room; raises what `fail` was told, or Interrupted where nobody reads."""
        with self._news:
            self._news.wait_for(lambda: self._error or not self._wanted or place < self._floor + _WINDOW)
            self._raise()
            if not self._wanted:
                raise Interrupted("no host takes it any more")
            while data:
                number, start = divmod(place, _BLOCK)
                taken = data[: _BLOCK - start]
                if (number + 1) * _BLOCK > self._floor:
                    if number not in self._blocks:
                        self._blocks[number] = self._spare.pop() if self._spare else bytearray(min(_BLOCK, self.size))
                    self._blocks[number][start : start + len(taken)] = taken
                data, place = data[len(taken) :], place + len(taken)

    def scatter(self, begun: Sequence[tuple[int, int]]) -> None:
        """Do nothing: nobody goes on with it later."""

    def keep(self, marks: Sequence[tuple[int, int]]) -> None:
        """Do nothing, as `scatter` does."""

    @contextmanager
    def open(self, *, unverified: bool = False) -> Iterator[Reader]:
        """Give a reader, as `Arrival.open` does; of a file on this machine it is that file's."""
        with self._news:
            self._news.wait_for(lambda: self._begun or self._path is not None or self._error is not None)
            self._raise()
            self._expected -= 1
            reader = _MemoryReader(self, unverified=unverified)
            if self._begun:
                self._readers.append(reader)  # at once: what nobody waits for any more is dropped
        if not self._begun:
            with super().open(unverified=unverified) as of_file:
                yield of_file
            return
        try:
            yield reader
        finally:
            with self._news:
                self._readers.remove(reader)
                self._drop()

    def taken(self, place: int, count: int) -> bytes:
        """Return bytes that are there, fewer than asked for at the end of a block."""
        number, start = divmod(place, _BLOCK)
        with self._news:
            return bytes(memoryview(self._blocks[number])[start : start + count])

    def moved(self) -> None:
        """Free what every reader has had."""
        with self._news:
            self._drop()

    @property
    def _wanted(self) -> bool:
        """Tell whether anybody but the judge reads it, or will."""
        return self._expected > 0 or any(not reader.unverified for reader in self._readers)

    @property
    def _floor(self) -> int:
        """Return up to where every reader has read; 0 as long as one has still to come."""
        return 0 if self._expected > 0 else min((reader.place for reader in self._readers), default=0)

    def _drop(self) -> None:
        over, floor = not self._expected and not self._readers, self._floor
        for number in [number for number in self._blocks if over or (number + 1) * _BLOCK <= floor]:
            self._spare.append(self._blocks.pop(number))
        if over:
            self._spare.clear()
        self._news.notify_all()


class _MemoryReader(Reader):
    """A reader of what passes."""

    def __init__(self, arrival: Passing, *, unverified: bool) -> None:
        super().__init__(arrival, -1, unverified=unverified)
        self._passing = arrival

    def read(self, count: int) -> bytes:
        """Return the next bytes, as `Reader.read` does."""
        count = min(count, self._passing.readable(self.place, unverified=self.unverified))
        data = self._passing.taken(self.place, count) if count else b""
        before, self.place = self.place, self.place + len(data)
        if before // _BLOCK != self.place // _BLOCK or not data:
            self._passing.moved()
        return data

    def sync(self) -> None:
        """Do nothing: no disk is in play."""
