"""Arrival: content that is here, or on its way here. One brings it; any number read it in order, at their own pace.

The last byte is given away only when all of it was verified: no host ever has the whole of something wrong, and
whoever brings it is the one to tell what is wrong with it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from typing import Self


class Arrival:
    """Content of `size` bytes in a file that may still be growing. Every method may be called from any thread."""

    def __init__(self, size: int) -> None:
        self.size = size  # bytes
        self._path: Path | None = None  # absent until it is known where the content will lie
        self._front, self._verified = 0, False  # bytes that are there from the start on, without a hole
        self._error: BaseException | None = None
        self._news = Condition()

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return a file that is there, and needs no check."""
        made = cls(path.stat().st_size)
        made.there(path)
        return made

    @property
    def path(self) -> Path:
        """Return where it lies; not before it began."""
        assert self._path is not None
        return self._path

    @property
    def failed(self) -> bool:
        """Tell whether it will never be there."""
        return self._error is not None

    @property
    def all_here(self) -> bool:
        """Tell whether every byte has arrived, verified or not."""
        return self._front == self.size

    def lies_at(self, path: Path) -> None:
        """Have it read from this file, of which nothing is there yet."""
        with self._news:
            self._path = path
            self._news.notify_all()

    def there(self, path: Path) -> None:
        """Have it read from this file, which is whole and right."""
        self.lies_at(path)
        self.reached(self.size)
        self.complete()

    def reached(self, front: int) -> None:
        """Have read what is there from the start on, up to this place."""
        with self._news:
            self._front = max(front, self._front)
            self._news.notify_all()

    def complete(self) -> None:
        """Give away the last byte too: all is there, and verified."""
        with self._news:
            self._verified = True
            self._news.notify_all()

    def renamed(self, path: Path) -> None:
        """Give the file another name; whoever reads it goes on."""
        with self._news:
            self.path.replace(path)
            self._path = path

    def fail(self, error: BaseException) -> None:
        """Have whoever waits for more raise this, unless all is there."""
        with self._news:
            if not self._verified and self._error is None:
                self._error = error
            self._news.notify_all()

    @contextmanager
    def open(self, *, unverified: bool = False) -> Iterator["Reader"]:
        """Give a reader at the start once it is known where that is; raises what `fail` was told.

        Only who verifies it reads the last byte before that is done.
        """
        with self._news:
            self._news.wait_for(lambda: self._path is not None or self._error is not None)
            self._raise()
            file = os.open(self.path, os.O_RDONLY)
        try:
            yield Reader(self, file, unverified=unverified)
        finally:
            os.close(file)

    def readable(self, place: int, *, unverified: bool) -> int:
        """Return how many bytes can be read at a place, waiting for the first; 0 at the end; raises as `open` does."""
        with self._news:
            while True:
                front = self._front if self._verified or unverified else min(self._front, self.size - 1)
                if front > place or place >= self.size:
                    return max(0, front - place)
                self._raise()
                self._news.wait()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


class Reader:
    """What one reader has of an arrival; its file stays open whatever becomes of its name."""

    def __init__(self, arrival: Arrival, file: int, *, unverified: bool) -> None:
        self._file, self._arrival = file, arrival
        self.place, self.unverified = 0, unverified  # the place may be set: back to the start

    def read(self, count: int) -> bytes:
        """Return the next bytes, at most so many, waiting for the first; none at the end; raises as `open` does."""
        count = min(count, self._arrival.readable(self.place, unverified=self.unverified))
        data = os.pread(self._file, count, self.place) if count else b""
        self.place += len(data)
        return data

    def sync(self) -> None:
        """Bring what is there to the disk; raises OSError."""
        os.fdatasync(self._file)
