"""Colours of a terminal, or none."""

from enum import StrEnum

from reconciler.core.frozen import dataclass


class Colour(StrEnum):
    """A colour as the number that terminals know it by."""

    NONE = ""
    BOLD = "1"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    MAGENTA = "35"
    CYAN = "36"


@dataclass(frozen=True, slots=True)
class Paint:
    """Paints where colours are wanted."""

    wanted: bool

    def __call__(self, colour: Colour, text: str) -> str:
        """Return the text in a colour, back to normal at its end."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.wanted and colour and text else text
