"""The list of a server's models, read again only where the last one will not do: a long list costs a server much."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Listing(Generic[Entry]):
    """The last list, as long as nothing was written through us since; threads may share it."""

    def __init__(self) -> None:
        self._writes = 0  # beginnings and ends of writes
        self._last: tuple[int, float, Sequence[Entry]] = (-1, 0.0, ())

    def entries(self, read: Callable[[], Sequence[Entry]], within: float = 0.0) -> Sequence[Entry]:
        """Return what is read now, or was at most so many seconds ago; raises what reading it raises."""
        writes, read_at, entries = self._last
        now = time.monotonic()
        if writes != self._writes or now - read_at >= within:
            writes = self._writes
            entries = read()
            self._last = (writes, now, entries)
        return entries

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold no list for true that was read before the end of this."""
        self._writes += 1
        try:
            yield
        finally:
            self._writes += 1
