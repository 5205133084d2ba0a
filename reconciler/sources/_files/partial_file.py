"""A download on disk: hashed as it comes, resumed by whoever comes next, renamed only when its content is right.

`<sha256>.part` is what has arrived, `<sha256>` is whole and verified, and a lock on
`<sha256>.lock` lets a second process wait for the first instead of writing into its file.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import BinaryIO

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import FULL, ResolutionError, SourceUnavailable
from reconciler.passing import Passing
from reconciler.ports import Progress
from reconciler.sources._files.download import Ask, Download
from reconciler.sources._files.pieces import PASSING, PIECE, Mark, PieceList, Pieces

_BLOCK = 1 << 20  # bytes
_SECTOR = 512  # bytes: what a file takes on a disk is counted in these, and holes in it take nothing
_SYNC = 64 << 20  # bytes: brought to the disk while the next ones arrive, so that little is left to do at the end
_NO_PLACE = "make it a folder that you can write, set XDG_CACHE_HOME to another folder, or apply with --no-cache"
_BEHIND = 64 << 20  # bytes: when all have arrived, so many that are not hashed yet are worth telling


class PartialFile:
    """The file of a download, and beside it the list of its pieces, where they came out of order."""

    def __init__(self, folder: Path, file: BinaryIO, pieces: PieceList) -> None:
        self._folder, self._file, self._pieces = folder, file.fileno(), pieces

    def write(self, place: int, data: bytes) -> None:
        """Put bytes at a place; raises ResolutionError."""
        left = memoryview(data)
        with writing(self._folder):
            while left:
                count = os.pwrite(self._file, left, place)
                left, place = left[count:], place + count

    def scatter(self, begun: Sequence[Mark]) -> None:
        """Begin a list of pieces: from now on the length says nothing."""
        with writing(self._folder):
            self._pieces.begin(begun)

    def keep(self, marks: Sequence[Mark]) -> None:
        """Mark more in the list, where there is one."""
        if self._pieces.there:
            with writing(self._folder):
                self._pieces.add(marks)


def downloaded(folder: Path, blob: Blob, arrival: Arrival, progress: Progress, begin: Callable[[], Ask]) -> None:
    """Have the blob arrive in a file in `folder`, verified and renamed; `begin` tells for each attempt how to ask.

    What only passes goes through memory. What is whole and wrong is deleted and raises SourceUnavailable; a disk that
    takes no more raises ResolutionError, and so does what it is asked of.
    """
    if isinstance(arrival, Passing):
        return _poured(blob, arrival, progress, begin)
    whole, part = folder / blob.digest.hex, folder / f"{blob.digest.hex}.part"
    with writing(folder), locked(folder, blob.digest):
        if whole.is_file() and whole.stat().st_size == blob.size:
            return arrival.there(whole)
        listed = PieceList(part.with_suffix(".pieces"))
        check_space(folder, blob.size - (part.stat().st_blocks * _SECTOR if part.exists() else 0))
        pieces = _there(part, listed, blob.size)
        with part.open("r+b" if part.exists() else "w+b") as file:
            file.truncate(min(os.fstat(file.fileno()).st_size, blob.size))
            arrival.lies_at(part)
            download = Download(arrival, pieces, PartialFile(folder, file, listed), progress)
            if _verified(download, blob, arrival, progress, begin):
                os.fsync(file.fileno())  # a name is never given to what a power cut can still undo
                arrival.renamed(whole)
                return listed.drop()
        listed.drop()
        part.unlink()
        raise arrived_wrong(blob)


def _poured(blob: Blob, arrival: Passing, progress: Progress, begin: Callable[[], Ask]) -> None:
    arrival.expect()  # whoever hashes it
    arrival.begin()
    if not _verified(Download(arrival, Pieces(blob.size, PASSING), arrival, progress), blob, arrival, progress, begin):
        raise arrived_wrong(blob)


def _there(part: Path, listed: PieceList, size: int) -> Pieces:
    """Return what an earlier process left; a file that is longer than it should be counts for nothing."""
    pieces, length = Pieces(size), part.stat().st_size if part.exists() else 0
    if not length or length > size:
        listed.drop()
    elif listed.there:
        for number, count in listed.read():
            if number >= 0 and 0 < count <= PIECE and number * PIECE + count <= length:
                pieces.add(number * PIECE, count)
    else:
        pieces.add(0, length)
    return pieces


def _verified(download: Download, blob: Blob, arrival: Arrival, progress: Progress, begin: Callable[[], Ask]) -> bool:
    """Bring what is missing, hashing it as it comes; tell whether it is right, and then give all of it away."""
    with ThreadPoolExecutor(1) as beside, ThreadPoolExecutor(1) as disk:
        try:
            digest = beside.submit(copy_context().run, _sha256, arrival, progress, disk)
            download.run(begin)
            if not download.too_long and digest.result() == blob.digest.hex:
                arrival.complete()
                return True
        except BaseException as error:
            arrival.fail(error)  # which ends the hashing too
            raise
        arrival.fail(arrived_wrong(blob))
        return False


def _sha256(arrival: Arrival, progress: Progress, disk: ThreadPoolExecutor) -> str:
    """Return the sha256 of what arrives, in hexadecimal; tells how far it is where it has to catch up.

    What was hashed is brought to the disk meanwhile, so that little of that is left to wait for in the end.
    """
    found, synced, behind, syncing = hashlib.sha256(), 0, False, None
    with arrival.open(unverified=True) as reader:
        while block := reader.read(_BLOCK):
            found.update(block)
            if reader.place - synced >= _SYNC and (syncing is None or syncing.done()):
                synced, syncing = reader.place, disk.submit(reader.sync)
            behind = behind or (arrival.all_here and arrival.size - reader.place > _BEHIND)
            if behind:
                progress("checking", reader.place, arrival.size)
    return found.hexdigest()


def arrived_wrong(blob: Blob) -> SourceUnavailable:
    """Return the failure of content that came whole and is something else."""
    return SourceUnavailable(
        f"what arrived is not {blob.digest.short}: it was damaged on its way, or the hub is wrong",
        hint="it was deleted; run again to download it anew",
    )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Have a disk that takes no more raise ResolutionError."""
    try:
        yield
    except OSError as error:
        hint = "is the disk full?" if error.errno in FULL else _NO_PLACE
        raise ResolutionError(f"{error.filename or folder}: {error.strerror or error}", hint=hint) from error


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
