"""A text that may not be longer than something: what matters most is kept, and what is left out is counted. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

from reconciler.core.frozen import dataclass


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
    """A text that is kept as a whole or left out as a whole, and how many things it tells of."""

    weight: Weight
    text: str
    things: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that belong together; head and tail are there only if one of the pieces is.

    So is the title, once before all the groups that have the same: nothing is kept without it.
    """

    pieces: tuple[Piece, ...]
    head: str = ""
    tail: str = ""
    title: str = ""


def fitted(groups: Sequence[Group], room: int) -> tuple[str, Counter[Weight]]:
    """Return what `room` characters can hold, in the order given, and of each weight how many things are left out."""
    places = [(piece.weight, at, nth) for at, group in enumerate(groups) for nth, piece in enumerate(group.pieces)]
    kept: dict[int, list[int]] = {}
    titles = {""}
    left_out: Counter[Weight] = Counter()
    for weight, at, nth in sorted(places):
        group, piece = groups[at], groups[at].pieces[nth]
        frame = 0 if at in kept else len(group.head) + len(group.tail)
        size = len(piece.text) + frame + (0 if group.title in titles else len(group.title))
        if size > room:
            left_out[weight] += piece.things
            continue
        room -= size
        titles.add(group.title)
        kept.setdefault(at, []).append(nth)
    return "".join(_texts([(groups[at], sorted(kept[at])) for at in sorted(kept)])), left_out


def _texts(kept: Iterable[tuple[Group, Sequence[int]]]) -> Iterator[str]:
    title = ""
    for group, places in kept:
        if group.title != title:
            title = group.title
            yield title
        yield group.head
        yield from (group.pieces[nth].text for nth in places)
        yield group.tail
