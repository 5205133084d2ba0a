"""What a plan reads on this machine, as one fingerprint: files beside the manifests, locks above them, the registry."""

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator

_MOST = 20_000  # files and folders; more are not looked at for a shortcut
_SETTLED = 2_000_000_000  # nanoseconds; a younger file may still change without looking different
_LARGEST = 64 << 20  # bytes of a manifest or a lock
_HEADER = 100  # bytes; SQLite counts there how often the file was changed
_READ = (".yaml", ".yml", ".lock")  # what is told by its content; the rest by size and times, as in the hash cache
_ABOVE = ("reconciler.lock", ".git")  # what a plan may look for in the folders above


def fingerprint(paths: Iterable[str], registry: str) -> str | None:
    """Return what tells whether any of this changed: `paths` to manifests, the file of the registry.

    None where it can't be told: something can't be read, is too much, or has only just changed.
    """
    try:
        given = {place(path) for path in paths for place in (os.path.abspath, os.path.realpath)}
        lines = sorted({line for path in given for line in _lines(path)})
        lines.append(_registry(registry))
    except (OSError, ValueError):
        return None
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _lines(path: str) -> Iterator[str]:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    count, newest = 0, time.time_ns() - _SETTLED
    for here, folders, names in os.walk(folder):
        yield f"{here}/ {sorted(folders)}"
        for name in names:
            yield _file(f"{here}/{name}", newest)
        links = (path for path in (f"{here}/{name}" for name in (*folders, *names)) if os.path.islink(path))
        yield from (f"{path} -> {os.path.realpath(path)}" for path in links)
        count += len(folders) + len(names)
        if count > _MOST:
            raise ValueError("too many")
    while folder != "/":
        folder = os.path.dirname(folder)
        yield from (_above(f"{folder.rstrip('/')}/{name}") for name in _ABOVE)


def _file(path: str, newest: int) -> str:
    if path.endswith(_READ):
        return f"{path} {hashlib.sha256(_content(path)).hexdigest()}"
    found = os.stat(path)
    if max(found.st_mtime_ns, found.st_ctime_ns) > newest:
        raise ValueError("too young")
    return f"{path} {_stamp(found)}"


def _content(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # it may be a pipe
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("not a file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("too large")
    return content


def _above(path: str) -> str:
    try:
        return f"{path} {_stamp(os.stat(path))}" if path.endswith(_READ) else f"{path} {os.path.lexists(path)}"
    except FileNotFoundError:
        return f"{path} -"


def _registry(path: str) -> str:
    """Return what tells whether the registry changed; one that is being written can't be told."""
    if any(os.path.lexists(path + end) for end in ("-journal", "-wal")):
        raise ValueError("being written")
    try:
        with open(path, "rb") as file:
            return f"{path} {_stamp(os.fstat(file.fileno()))} {file.read(_HEADER).hex()}"
    except FileNotFoundError:
        return f"{path} -"


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_mode}"
