"""A file on this machine: when it has to be read again, and its sha256."""

import hashlib
import stat
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.errors import NotFound, Unusable
from reconciler.ports import Progress

_BLOCK = 1 << 20  # bytes


def stamp_of(path: Path) -> tuple[int, str]:
    """Return the file's size, and a text that changes whenever its content may have; raises ResolutionError."""
    try:
        found = path.stat()
    except OSError as error:
        raise NotFound(f"there is no file {path}", hint="the path is relative to the manifest's folder") from error
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path} is not a file", hint="name the file itself")
    return found.st_size, f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def hashed(path: Path, size: int, progress: Progress) -> Digest:
    """Return the digest of a file of `size` bytes."""
    sha256, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            done += len(block)
            progress("checking", done, size)
    return Digest(sha256.hexdigest())
