"""The lock as data: what each reference means, until somebody moves it on purpose."""

from collections.abc import Iterable, Mapping

from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts
from reconciler.core.frozen import dataclass

Entry = tuple[str, str]
"""What names an entry: the source type, and what `Source.key` gives."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry."""

    type: str  # the source type
    key: str  # what names the question, as `Source.key` gives it
    pin: Facts  # what it means, as `Pinned.pin` gives it
    location: Location  # where the lock says it


@dataclass(frozen=True, slots=True)
class Lock:
    """What is locked, sorted by type and key."""

    entries: tuple[Locked, ...] = ()
    exists: bool = False  # there is a file, even if it is empty

    @property
    def by_key(self) -> dict[Entry, Locked]:
        """Return the entries by type and key."""
        return {(entry.type, entry.key): entry for entry in self.entries}


@dataclass(frozen=True, slots=True)
class Followed:
    """What a plan tells about references that no lock holds."""

    references: tuple[str, ...] = ()  # of those that may mean something else tomorrow, sorted
    without_lock: bool = True  # there is no lock at all


def set_digest(files: Iterable[str]) -> Digest:
    """Return what stands for several files together: the sha256 of their list, each `PATH SHA256 BYTES` on a line."""
    return Digest.of("".join(f"{text}\n" for text in files).encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class LockChange:
    """What becomes of one entry of a lock."""

    name: str  # as the lock spells it
    before: Facts | None  # absent for one that is added
    after: Facts | None  # absent for one that is removed


@dataclass(frozen=True, slots=True)
class Revision:
    """What becomes of one lock."""

    file: str  # as people name it
    changes: tuple[LockChange, ...]  # sorted by name
    kept: int  # entries that stay as they are


def revision(file: str, before: Mapping[str, Facts], after: Mapping[str, Facts]) -> Revision:
    """Return what tells one lock, as pins by name, from what it becomes."""
    names = sorted(before.keys() | after.keys())
    changed = tuple(name for name in names if before.get(name) != after.get(name))
    changes = tuple(LockChange(name, before.get(name), after.get(name)) for name in changed)
    return Revision(file, changes, kept=len(names) - len(changes))
