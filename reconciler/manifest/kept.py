"""What was read before: the declarations of files in which nothing was wrong, by content, so that none is read twice.

One file in the cache folder holds what one set of paths declared. A file of manifests is taken from there if not a
byte of it has changed, and if the disk gives the answers again that it gave about the files which are named in it.
What another version of us wrote, and what is damaged, is as good as nothing.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.resource import Declared
from reconciler.manifest.folder import Folder
from reconciler.manifest.packing import packed, unpacked
from reconciler.ourselves import fingerprint

_LARGEST = 32 << 20  # bytes for one set of paths; what takes more is read anew each time
_MOST = 256 << 20  # bytes of all of them; the oldest go

_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)  # what a damaged file brings

Sheet = list[Any]  # of one file: the digest of its content, what its folder was asked and answered, the declarations


class Kept:
    """What is known of one set of paths, and what is new."""

    def __init__(self, path: Path | None, held: dict[str, Sheet], doubts: tuple[Diagnostic, ...] | None) -> None:
        """Begin; `doubts` are the warnings about all the files that are held, absent where those could not be used."""
        self._path, self._held, self._doubts = path, held, doubts
        self._sheets: dict[str, Sheet | str] = {}  # of this run, in order: those that were held, and new ones as text
        self._all_known = True
        self._room = _LARGEST

    @classmethod
    def of(cls, cache: Path | None, paths: Iterable[Path]) -> "Kept":
        """Return what is known of these paths; nothing where there is no cache folder or it can't be used."""
        if cache is None:
            return cls(None, {}, None)
        try:
            asked = repr((str(Path.cwd()), [str(path) for path in paths]))
        except OSError:  # there is no folder to be in any more
            return cls(None, {}, None)
        path = cache / "manifests" / f"{_digest(os.fsencode(asked))}.json"
        try:
            held = _read(path)
            doubts = held["doubts"]
            return cls(path, dict(held["files"]), None if doubts is None else tuple(_told(*item) for item in doubts))
        except _BROKEN:
            return cls(path, {}, None)

    def declared(self, file: str, content: bytes, home: Folder) -> tuple[Declared, ...] | None:
        """Return what a file with this content declares; None where that is not known or may be something else now."""
        try:
            digest, asked, items = self._held[file]
            if digest == _digest(content) and home.answers_again(asked):
                known = tuple([unpacked(item, file) for item in items])
                self._sheets[file] = self._held[file]
                return known
        except _BROKEN:
            pass
        self._all_known = False
        return None

    def keep(self, file: str, content: bytes, home: Folder, declared: Iterable[Declared]) -> None:
        """Note what a file declares in which nothing is wrong."""
        asked = [[list(question), answer] for question, answer in home.asked.items()]
        text = _text([_digest(content), asked, [packed(item) for item in declared]])
        self._room -= len(text)
        if self._room > 0:
            self._sheets[file] = text

    def doubts(self) -> tuple[Diagnostic, ...] | None:
        """Return the warnings about all that is declared, if all of it was known and nothing else was."""
        return self._doubts if self._all_known and self._same_files() else None

    def close(self, doubts: tuple[Diagnostic, ...] | None) -> None:
        """Put what is known now into the cache folder, whole or not at all; where that can't be done, it is lost.

        `doubts` are the warnings about all of it, absent where it can't be used.
        """
        unchanged = self._same_files() and not any(isinstance(sheet, str) for sheet in self._sheets.values())
        if self._path is None or self._room <= 0 or (unchanged and doubts == self._doubts):
            return
        texts = ((name, sheet if isinstance(sheet, str) else _text(sheet)) for name, sheet in self._sheets.items())
        files = ", ".join(f"{_text(name)}: {text}" for name, text in texts)
        told = None if doubts is None else [_telling(item) for item in doubts]
        body = f'{{"files": {{{files}}}, "doubts": {_text(told)}}}'.encode("utf-8", "surrogatepass")
        if len(body) <= _LARGEST:
            with suppress(OSError):
                _write(self._path, body)

    def _same_files(self) -> bool:
        return list(self._sheets) == list(self._held)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _telling(doubt: Diagnostic) -> tuple[str, int, int, str, str, str]:
    where = doubt.location
    return where.file, where.line, where.column, doubt.message, doubt.hint, doubt.code


def _told(file: str, line: int, column: int, message: str, hint: str, code: str) -> Diagnostic:
    return Diagnostic(Location(file, line, column), message, hint, Severity.WARNING, code)


def _read(path: Path) -> dict[str, Any]:
    """Return what is in a file that we wrote; raises one of the errors of a broken one for every other."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        head, _, body = file.read(_LARGEST + len(_head(b"")) + 1).partition(b"\n")
    if head + b"\n" != _head(body):
        raise ValueError("not ours, or damaged")
    return cast("dict[str, Any]", json.loads(body))


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{os.urandom(8).hex()}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_head(body))
            file.write(body)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Remove the oldest files until the others are not too much."""
    with os.scandir(folder) as entries:
        found = sorted(((entry.stat(), entry.path) for entry in entries), key=lambda item: -item[0].st_mtime_ns)
    size = 0
    for stat, path in found:
        size += stat.st_size
        if size > _MOST:
            Path(path).unlink()


def _head(body: bytes) -> bytes:
    """Return the first line, which tells who wrote what follows, and whether that is whole."""
    return f"{fingerprint()} {_digest(body)}\n".encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
