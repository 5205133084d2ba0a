"""A file on this machine: when it has to be read again, its sha256, and one that is made for hosts."""

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact
from reconciler.errors import NotFound, Unusable
from reconciler.passing import Passing
from reconciler.ports import Cache, Progress

_BLOCK = 1 << 20  # bytes

Content = TypeVar("Content")


def stamp_of(path: Path) -> tuple[int, str]:
    """Return the file's size, and a text that changes whenever its content may have; raises ResolutionError."""
    try:
        found = path.stat()
    except OSError as error:
        raise NotFound(f"there is no file {path}", hint="the path is relative to the manifest's folder") from error
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path} is not a file", hint="name the file itself")
    return found.st_size, f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def read_once(
    cache: Cache,
    topic: str,
    path: Path,
    known: Callable[[int, Fact], Content | None],
    read: Callable[[int], tuple[Content, Fact]],
) -> Content:
    """Return what a file holds, read again only when its size, time or inode is another than when it was read.

    `read` gives it for a size in bytes, with what the cache is to keep of it; `known` makes it of that again, or gives
    None. Raises ResolutionError, also for a file that is written meanwhile.
    """
    size, stamp = stamp_of(path)
    key = f"{topic} {path} {stamp}"
    found = known(size, cache.get(key))
    if found is None:
        found, kept = read(size)
        if stamp_of(path)[1] != stamp:
            raise Unusable(f"{path.name} changed while it was read", hint="wait until it is written, and run again")
        cache.put(key, kept)
    return found


def give(content: bytes, arrival: Arrival, folder: Path) -> None:
    """Have this content arrive, in a file in a folder that need not be there yet, unless it only passes."""
    if isinstance(arrival, Passing):
        return arrival.hold(content)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Digest.of(content).hex
    path.write_bytes(content)
    return arrival.there(path)


def hashed(path: Path, size: int, progress: Progress) -> Digest:
    """Return the digest of a file of `size` bytes."""
    sha256, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            done += len(block)
            progress("checking", done, size)
    return Digest(sha256.hexdigest())
