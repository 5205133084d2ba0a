"""The lock as data: what each reference means, until somebody moves it on purpose."""

from dataclasses import dataclass

from reconciler.core.diagnostics import Location
from reconciler.core.facts import Facts


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
    def by_key(self) -> dict[tuple[str, str], Locked]:
        """Return the entries by type and key."""
        return {(entry.type, entry.key): entry for entry in self.entries}


@dataclass(frozen=True, slots=True)
class Followed:
    """What a plan tells about references that no lock holds."""

    references: tuple[str, ...] = ()  # of those that may mean something else tomorrow, sorted
    without_lock: bool = True  # there is no lock at all
