"""The lock beside the manifests: `reconciler.lock`, one a folder, meant for git and for review.

A folder without one belongs to the lock of the nearest folder above, up to the folder `manifests` or the root of the
git repository; where there is neither, nothing above is looked at, for it may be anybody's.

It is JSON, because YAML with positions would take seconds where every plan reads 500 entries. Local
files are named relative to the folder, so that the lock means the same wherever it is checked out.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.facts import Facts
from reconciler.core.frozen import dataclass
from reconciler.core.lock import Entry, Lock, Locked
from reconciler.core.resource import SourceRef
from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest import files
from reconciler.manifest.lock_text import entries, written
from reconciler.manifest.rules import Rule, finding

NAME = "reconciler.lock"
MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 20_000
MAX_FINDINGS = 100

_ROOT = "manifests"  # the name of a folder above which no lock is looked for
_HERE = "./"  # how the path of a local file begins in the lock


@dataclass(frozen=True, slots=True)
class LockFile:
    """The lock of one folder."""

    path: Path  # as people name it
    folder: str  # the real path of the folder
    whole: bool  # all manifests of the folder were asked for, so that what none of them refers to can go
    entries: tuple[Locked, ...] = ()
    text: str | None = None  # what is in the file; absent where there is none

    @property
    def by_name(self) -> dict[str, Locked]:
        """Return the entries by the names that this lock gives them."""
        return {self.name((entry.type, entry.key)): entry for entry in self.entries}

    def name(self, entry: Entry) -> str:
        """Return how this lock spells an entry: `TYPE KEY`, where a path is relative to the folder."""
        kind, key = entry
        inside = f"{self.folder.rstrip('/')}/"
        return f"{kind} {_HERE}{key.removeprefix(inside)}" if key.startswith(inside) else f"{kind} {key}"

    def covers(self, folder: str) -> bool:
        """Tell whether a folder, as a real path, is this one or inside it."""
        return PurePath(folder).is_relative_to(self.folder)


def read(paths: Iterable[Path], types: Collection[str]) -> tuple[LockFile, ...]:
    """Return the lock of each folder that is named or that a named file lies in, or of the nearest one above.

    Where there is none, it is the one that the folder itself would have.

    `types` are the source types that there are. Raises ManifestError with every finding, sorted.
    """
    found = [_read(file, types) for file in _folders(paths)]
    findings = [*(item for _, items in found for item in items), *_conflicts(file for file, _ in found)]
    if findings:
        raise ManifestError(tuple(sorted(findings)))
    return tuple(file for file, _ in found)


def joined(locks: Sequence[LockFile]) -> Lock:
    """Return what all these locks hold together."""
    held = {(entry.type, entry.key): entry for file in reversed(locks) for entry in file.entries}
    return Lock(tuple(held[key] for key in sorted(held)), exists=any(file.text is not None for file in locks))


def lock_of(ref: SourceRef, locks: Iterable[LockFile]) -> LockFile:
    """Return the lock that a reference belongs to: that of the nearest folder above its manifest."""
    folder = os.path.realpath(Path(ref.location.file).parent)
    return max((file for file in locks if file.covers(folder)), key=lambda file: len(file.folder))


def write(file: LockFile, references: Mapping[str, Facts]) -> None:
    """Put these references, by their names, into the lock: whole or not at all, and only if its text changes.

    Where there is nothing to lock, no file is made. Raises SettingsError.
    """
    text = written(references)
    if text == file.text or (file.text is None and not references):
        return
    try:
        files.replace(file.path, text)
    except OSError as error:
        raise SettingsError.unwritten("the lock can't be written", error, file.path) from error


def _folders(paths: Iterable[Path]) -> tuple[LockFile, ...]:
    made: dict[str, LockFile] = {}
    for path in paths:
        file = _file(path)
        known = made.setdefault(file.folder, file)
        made[known.folder] = replace(known, whole=known.whole or file.whole)
    return tuple(made.values())


def _file(path: Path) -> LockFile:
    folder, whole = (path, True) if path.is_dir() else (path.parent, False)
    real = os.path.realpath(folder)
    above = _above(PurePath(real)) if not os.path.lexists(folder / NAME) else None
    if above is None:
        return LockFile(folder / NAME, real, whole)
    shown = above if path.is_absolute() else os.path.relpath(above)
    return LockFile(Path(shown, NAME), str(above), whole=False)


def _above(folder: PurePath) -> PurePath | None:
    """Return the nearest folder above that has a lock and belongs to the same manifests; None where none has."""
    found: PurePath | None = None
    for place in (folder, *folder.parents):
        if found is None and os.path.lexists(place / NAME):
            found = place
        if place.name == _ROOT or os.path.lexists(place / ".git"):
            return found
    return None


def _read(file: LockFile, types: Collection[str]) -> tuple[LockFile, tuple[Diagnostic, ...]]:
    """Return the lock with what is in it, and what is wrong with it."""
    text = _text(file)
    if text is None:
        return file, ()
    if isinstance(text, Diagnostic):
        return file, (text,)
    held: list[Locked] = []
    findings: list[Diagnostic] = []
    for item in entries(text, str(file.path), types):
        if isinstance(item, Diagnostic):
            findings.append(item)
        else:
            held.append(_absolute(item, file))
        if len(held) > MAX_ENTRIES or len(findings) > MAX_FINDINGS:
            findings.append(_too_much(file))
            break
    return replace(file, entries=tuple(held), text=text), tuple(findings)


def _too_much(file: LockFile) -> Diagnostic:
    message = f"there are more than {MAX_ENTRIES} entries, or more than {MAX_FINDINGS} that can't be used"
    return finding(Location(str(file.path)), Rule.TOO_LARGE, message, "restore it from git, or split the folder")


def _absolute(entry: Locked, file: LockFile) -> Locked:
    relative = entry.key.startswith(_HERE)
    return replace(entry, key=f"{file.folder.rstrip('/')}/{entry.key.removeprefix(_HERE)}") if relative else entry


def _text(file: LockFile) -> str | Diagnostic | None:
    if not os.path.lexists(file.path):
        return None
    shown = str(file.path)
    if not PurePath(os.path.realpath(file.path)).is_relative_to(file.folder):
        return finding(Location(shown), Rule.INVALID_LOCAL_FILE, "this link leads out of the folder")
    content = files.read_bytes(file.path, shown, MAX_BYTES, "keep the manifests in several folders")
    if isinstance(content, Diagnostic):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return finding(Location(shown), Rule.NOT_UTF8, "not UTF-8 text", "restore the lock from git")


def _conflicts(locks: Iterable[LockFile]) -> Iterator[Diagnostic]:
    """Yield a finding for each entry that says something else than the same one in an earlier lock."""
    first: dict[Entry, Locked] = {}
    for entry in (entry for file in locks for entry in file.entries):
        other = first.setdefault((entry.type, entry.key), entry)
        if other.pin != entry.pin:
            message = f"{entry.type} {entry.key} is locked otherwise at {other.location}"
            hint = "remove one of the two entries: `reconciler lock` with both folders then takes over the other"
            yield finding(entry.location, Rule.LOCK_CONFLICT, message, hint)
