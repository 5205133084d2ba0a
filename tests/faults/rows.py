"""What a row of the table is."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.places import Place, missing
from tests.faults.scene import Scene, Seen


@dataclass(frozen=True)
class Row:
    """A fault, the point at which it strikes, how it is made, and what is then to be seen."""

    fault: str
    point: str
    place: Place
    happens: Callable[[Scene], Seen]
    seen: str  # a regular expression
    answers: str = "old"  # what the model shows right afterwards
    mend: Callable[[Scene], None] = lambda scene: None  # what a person does before the next apply
    needs: Callable[[], str] = lambda: ""  # returns what this machine lacks for it

    @property
    def missing(self) -> str:
        """Return what this machine lacks for this row; empty where it lacks nothing."""
        return missing(self.place) or self.needs()

    @property
    def name(self) -> str:
        """Return what the row is called among the tests."""
        return f"{self.fault}, {self.point}"
