"""A download on disk: hashed as it comes, resumed by whoever comes next, renamed only when its content is right.

`<sha256>.part` is what has arrived, `<sha256>` is whole and verified, and a lock on
`<sha256>.lock` lets a second process wait for the first instead of writing into its file.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, SourceUnavailable
from reconciler.ports import Progress

_BLOCK = 1 << 20  # bytes
_WAITS = (0.5, 2.0)  # seconds after each failed attempt but the last


class PartialFile:
    """What a downloader writes to: the part of BinaryIO that it needs, and a sha256 beside it."""

    def __init__(self, file: BinaryIO, blob: Blob, progress: Progress) -> None:
        self._file, self._blob, self._progress = file, blob, progress
        self._sha256 = hashlib.sha256()
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            self._sha256.update(block)
            self._progress("checking", self._file.tell(), self._blob.size)

    def write(self, chunk: bytes) -> int:
        """Append, hash and report."""
        self._file.write(chunk)
        self._sha256.update(chunk)
        self._progress("downloading", self._file.tell(), self._blob.size)
        return len(chunk)

    def tell(self) -> int:
        """Return how many bytes have arrived."""
        return self._file.tell()

    def seek(self, offset: int) -> int:
        """Go to a place: to the start, when a hub begins again instead of going on; `truncate` follows."""
        return self._file.seek(offset)

    def truncate(self) -> int:
        """Drop everything."""
        self._sha256 = hashlib.sha256()
        return self._file.truncate()

    def is_right(self) -> bool:
        """Tell whether all of it is there and is what was asked for."""
        return self.tell() == self._blob.size and self._sha256.hexdigest() == self._blob.digest.hex

    def keep(self) -> None:
        """Bring everything to the disk, so that a name is never given to what a power cut can still undo."""
        self._file.flush()
        os.fsync(self._file.fileno())


def downloaded(folder: Path, blob: Blob, progress: Progress, attempt: Callable[[PartialFile], None]) -> Path:
    """Return the blob as a file in `folder`, verified; `attempt` writes what is missing and raises ResolutionError.

    It is made again after a SourceUnavailable, which may pass; a disk that takes no more raises ResolutionError.
    """
    with writing(folder), partial_file(folder, blob, progress) as partial:
        if partial is not None:
            _attempted(attempt, partial)
    return folder / blob.digest.hex


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Have a disk that takes no more raise ResolutionError."""
    try:
        yield
    except OSError as error:
        raise ResolutionError(
            f"{error.filename or folder}: {error.strerror or error}", hint="is the disk full?"
        ) from error


def _attempted(attempt: Callable[[PartialFile], None], partial: PartialFile) -> None:
    for wait in _WAITS:
        try:
            return attempt(partial)
        except SourceUnavailable:
            time.sleep(wait)
    return attempt(partial)


@contextmanager
def partial_file(folder: Path, blob: Blob, progress: Progress) -> Iterator[PartialFile | None]:
    """Give the blob's partial file, or None where another process has finished it; rename it at the end if it is right.

    Content that is whole and wrong is deleted and raises SourceUnavailable; a disk that is full raises ResolutionError.
    """
    whole, part = folder / blob.digest.hex, folder / f"{blob.digest.hex}.part"
    with locked(folder, blob.digest):
        if whole.is_file() and whole.stat().st_size == blob.size:
            yield None
            return
        check_space(folder, blob.size - (part.stat().st_size if part.exists() else 0))
        with part.open("r+b" if part.exists() else "w+b") as file:
            if file.seek(0, os.SEEK_END) > blob.size:
                file.truncate(0)
            partial = PartialFile(file, blob, progress)
            yield partial
            if partial.is_right():
                partial.keep()
                part.replace(whole)
                return
        part.unlink()
        raise SourceUnavailable(
            f"what arrived is not {blob.digest.short}: it was damaged on its way, or the hub is wrong",
            hint="it was deleted; run again to download it anew",
        )


@contextmanager
def locked(folder: Path, digest: Digest) -> Iterator[None]:
    """Hold what a folder is to have of this digest; waits for whoever holds it. A process that dies lets go of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{digest.hex}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_space(folder: Path, needed: int) -> None:
    """Raise ResolutionError where so many bytes do not fit into the folder."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ResolutionError(
            f"{needed} bytes are to be stored and {free} are free in {folder}",
            hint="make room, or set XDG_CACHE_HOME to a larger disk",
        )
