"""Health: what `doctor` found about a place, and how bad that is. Pure.

The judges are in `core.diagnosis`; who asks, and what, is in `workflow.doctor`.
"""

from collections.abc import Iterable
from enum import StrEnum

from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName


class Grade(StrEnum):
    """How bad a finding is: an error will make commands fail, a warning may, and what is well is said as well."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Area(StrEnum):
    """What a finding is about, in the order in which people look."""

    MANIFESTS = "manifests"
    LOCK = "lock"
    HOSTS = "hosts"
    HUBS = "hubs"
    SECRETS = "secrets"
    REGISTRY = "registry"
    RUNS = "runs"
    DISK = "disk"
    EXTRAS = "extras"

    @property
    def place(self) -> int:
        """Return where it comes in that order."""
        return tuple(Area).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what is so, and how to mend it."""

    area: Area
    about: str  # a host, a hub, a variable, a path
    grade: Grade
    message: str
    hint: str = ""  # empty where nothing is to be mended


@dataclass(frozen=True, slots=True)
class Visit:
    """What a host said of itself."""

    host: HostName
    url: str  # without login
    version: str
    ahead: float | None = None  # seconds by which its clock is ahead of ours; absent where it does not tell the time


@dataclass(frozen=True, slots=True)
class Space:
    """A place where we write files."""

    path: str
    purpose: str  # what is kept there
    free: int  # bytes on that disk
    writable: bool  # or, where it is not there yet, whether it could be made


@dataclass(frozen=True, slots=True)
class Condition:
    """How our registry is; `version` is 0 where there is none yet, and then the rest says nothing."""

    version: int  # of its tables
    newest: int  # version that this program knows
    lineage: str = ""
    serial: int = 0
    records: int = 0
    writable: bool = True
    damage: str = ""  # what its own check of its integrity found; empty where it is sound


def found(findings: Iterable[Finding], grade: Grade) -> int:
    """Return how many findings are of this grade."""
    return sum(item.grade is grade for item in findings)
