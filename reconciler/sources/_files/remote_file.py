"""A file on a hub that is read like an open one, in blocks: only what is looked at is fetched, and a little ahead."""

from collections.abc import Callable

from reconciler.errors import SourceUnavailable
from reconciler.transport import Stream

_FIRST = 1 << 18  # bytes; each next block is twice as long
_LONGEST = 1 << 22  # bytes
_BACK = 1 << 16  # bytes
_MOST = 1 << 26  # bytes of one file in all; a header has at most 20 MB

Fetch = Callable[[int, int], bytes]


class RemoteFile:
    """Reads forward; `fetch(start, count)` brings bytes, and raises ResolutionError.

    Raises SourceUnavailable once more was fetched than any header is long.
    """

    def __init__(self, fetch: Fetch, size: int) -> None:
        self._fetch, self._size = fetch, size  # bytes
        self._block, self._start = b"", 0  # what was fetched last, and its place
        self._place, self._next, self._fetched = 0, _FIRST, 0

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def seek(self, offset: int, whence: int, /) -> int:
        """Go on by `offset` bytes, or back, fetching none of them; `whence` is always 1."""
        assert whence == 1
        self._place += offset
        return self._place

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer only at the end of the file."""
        size = min(size, self._size - self._place)
        taken = b""
        while len(taken) < size:
            inside = self._place - self._start
            if not 0 <= inside < len(self._block):
                self._load(size - len(taken))
                inside = self._place - self._start
            piece = self._block[inside : inside + size - len(taken)]
            self._place += len(piece)
            taken += piece
        return taken

    def _load(self, wanted: int) -> None:
        """Fetch the block that begins here, and keep the end of the one before: who reads ahead goes back a little."""
        count = min(max(self._next, wanted), self._size - self._place)
        self._fetched += count
        if self._fetched > _MOST:
            raise SourceUnavailable(f"its header is longer than {_MOST >> 20} MiB", hint="download it and look again")
        kept = self._block[-_BACK:] if self._start + len(self._block) == self._place else b""
        fetched = self._fetch(self._place, count)
        self._block, self._start = kept + fetched, self._place - len(kept)
        if not fetched:
            raise SourceUnavailable("the hub sent less than it said", hint="try again later")
        self._next = min(2 * self._next, _LONGEST)


def part(answer: Stream, start: int, count: int) -> bytes:
    """Return the bytes that were asked for, and hang up; of a hub that knows no ranges, they are cut from the whole.

    Raises SourceUnavailable for a place so far inside that the whole would have to be fetched, TransportError.
    """
    behind = 0 if answer.status == 206 else start
    if behind > _MOST:
        raise SourceUnavailable("the hub gives files as a whole only", hint="download it and look again")
    pieces, have = [], 0
    for chunk in answer.chunks():
        pieces.append(chunk)
        have += len(chunk)
        if have >= behind + count:
            break
    return b"".join(pieces)[behind : behind + count]
