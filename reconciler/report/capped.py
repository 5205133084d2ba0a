"""A text that may not be longer than something: what matters most is kept, and what is left out is counted. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Weight(IntEnum):
    """What a piece tells; the first ones are kept longest."""

    ALARM = 0  # why a plan is unsafe or incomplete
    FAILURE = 1
    SKIPPED = 2
    DELETE = 3
    REFUSAL = 4
    CHANGE = 5
    QUIET = 6  # what will not be touched, counted
    FIELDS = 7  # of one change
    NEWS = 8  # from upstream, about one model
    GRAPH = 9


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that is kept as a whole or left out as a whole."""

    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that belong together; head and tail are there only if one of the pieces is."""

    pieces: tuple[Piece, ...]
    head: str = ""
    tail: str = ""


def fitted(groups: Sequence[Group], room: int) -> tuple[str, Counter[Weight]]:
    """Return what `room` characters can hold, in the order given, and of each weight how many pieces are left out."""
    places = [(piece.weight, at, nth) for at, group in enumerate(groups) for nth, piece in enumerate(group.pieces)]
    kept: dict[int, set[int]] = {}
    left_out: Counter[Weight] = Counter()
    for weight, at, nth in sorted(places):
        group = groups[at]
        frame = 0 if at in kept else len(group.head) + len(group.tail)
        size = len(group.pieces[nth].text) + frame
        if size > room:
            left_out[weight] += 1
            continue
        room -= size
        kept.setdefault(at, set()).add(nth)
    return "".join(_text(groups[at], kept[at]) for at in sorted(kept)), left_out


def _text(group: Group, kept: set[int]) -> str:
    return "".join((group.head, *(group.pieces[nth].text for nth in sorted(kept)), group.tail))
