"""Pieces: how much of a blob has arrived, where several connections bring parts of it at the same time.

Beside a download, `<sha256>.pieces` names those that are whole, so that a process that was killed loses no more than
what was under way; one that was asked to end has added what is there of the others. Without that list a download has
grown from its start on, and its length says all. Neither is believed in the end: after a power cut they may lie, so the
whole is hashed before it counts.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PIECE = 16 << 20  # bytes: long enough that a connection's answers cost little of its time
PASSING = 8 << 20  # bytes of a piece where all that is under way is held in memory

Mark = tuple[int, int]
"""The number of a piece, and how many of its bytes are there, from its beginning on."""


class Pieces:
    """How many bytes of each piece are there, from its beginning on. One thread at a time."""

    def __init__(self, size: int, piece: int = PIECE) -> None:
        self.piece, self._size, self._have = piece, size, dict[int, int]()  # bytes; of what piece
        self._whole = 0  # pieces that are whole from the first one on
        self.arrived = 0  # bytes in all

    @property
    def front(self) -> int:
        """Return how many bytes are there from the start on."""
        return min(self._until(self._whole), self._size)

    @property
    def missing(self) -> int:
        """Return how many bytes are not there."""
        return self._size - self.arrived

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield what is missing, piece by piece: where it begins, and where it ends."""
        for number in range(self._whole, -(-self._size // self.piece)):
            if self._until(number) < self._end(number):
                yield self._until(number), self._end(number)

    @property
    def begun(self) -> list[Mark]:
        """Return each piece of which anything is there."""
        return sorted(self._have.items())

    def add(self, place: int, count: int) -> list[Mark]:
        """Take note of bytes that are there, and return the pieces that are whole by that."""
        made, end = [], min(place + count, self._size)
        while place < end:
            number = place // self.piece
            until = min(self._end(number), end)
            new = until - self._until(number)
            if new > 0:
                self._have[number] = until - number * self.piece
                self.arrived += new
                if until == self._end(number):
                    made.append((number, self._have[number]))
            place = until
        while self._until(self._whole) == self._end(self._whole) < self._size:
            self._whole += 1
        return made

    def _until(self, number: int) -> int:
        return number * self.piece + self._have.get(number, 0)

    def _end(self, number: int) -> int:
        return min((number + 1) * self.piece, self._size)


class PieceList:
    """The file that marks what is there: the length of a piece, then on each line a mark; a later one adds to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def there(self) -> bool:
        """Tell whether there is one."""
        return self._path.exists()

    def read(self) -> list[Mark]:
        """Return the marks; none where it can't be read."""
        with suppress(OSError, ValueError):
            *lines, _torn = self._path.read_text(encoding="ascii").split("\n")
            if lines and int(lines[0]) == PIECE:
                return [(int(number), int(count)) for number, count in (line.split(" ") for line in lines[1:])]
        return []

    def begin(self, marks: Iterable[Mark]) -> None:
        """Write it anew."""
        self._path.write_text(f"{PIECE}\n{_lines(marks)}", encoding="ascii")

    def add(self, marks: Iterable[Mark]) -> None:
        """Write more of them."""
        with self._path.open("a", encoding="ascii") as file:
            file.write(_lines(marks))

    def drop(self) -> None:
        """Delete it."""
        self._path.unlink(missing_ok=True)


def _lines(marks: Iterable[Mark]) -> str:
    return "".join(f"{number} {count}\n" for number, count in marks)
