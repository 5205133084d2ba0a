"""A finding about input: what is wrong, exactly where, and what to do."""

from collections.abc import Iterable
from enum import StrEnum

from reconciler.core.frozen import dataclass


class Severity(StrEnum):
    """How bad a finding is: an error stops the command, a warning is shown and the command goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file, counted from 1; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:column`, which editors and terminals make clickable."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding; sorted by place, so that a report reads like the file."""

    location: Location
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    code: str = "invalid"  # a stable kebab-case rule name, for machines

    def __str__(self) -> str:
        """Return `file:line:column: severity: message`, with the hint on a line of its own where there is one."""
        line = f"{self.location}: {self.severity}: {self.message}"
        return f"{line}\n  hint: {self.hint}" if self.hint else line


def errors(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return only the findings that stop a command, sorted."""
    return tuple(sorted(item for item in findings if item.severity is Severity.ERROR))
