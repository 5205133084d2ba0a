"""Chains of sources: tried in order at plan time, so that one model may come from where it can be had.

The table in `tests/core/test_chain.py` is the specification. What a source is not, says so for good: the next one is
tried. What can't be asked right now says nothing, and a hub that is down for a minute must not move a fleet to another
model: nothing after it is taken. What the lock holds is taken, whatever the sources before it say today.
"""

from collections.abc import Mapping, Sequence

from reconciler.core.frozen import dataclass
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import SourceRef

Pins = Mapping[SourceRef, Pinned | Unpinned]

EARLIER = "another one is locked, though this one can be had now"


@dataclass(frozen=True, slots=True)
class Tried:
    """One source of a chain, and how it fared."""

    reference: str  # `TYPE KEY`, as the lock names it
    taken: bool = False
    reason: str = ""  # why it is not taken; empty for the one that is, and for those after it, which nobody needs


@dataclass(frozen=True, slots=True)
class Choice:
    """What a chain comes to."""

    taken: SourceRef | None  # absent where none can be had, or where trouble came first
    tried: tuple[Tried, ...]  # in order


def next_to_ask(chain: Sequence[SourceRef], pins: Pins) -> SourceRef | None:
    """Return the first source that has to be asked, given what the others said; None where nothing is left to ask."""
    for ref in chain:
        if ref not in pins:
            return ref
        if _ends(pins[ref]):
            return None
    return None


def choose(chain: Sequence[SourceRef], pins: Pins) -> Choice:
    """Return which source is taken, and why the others are not; `pins` must hold an answer for each of them.

    One source alone is no chain: it is taken if it could be pinned, and there is nothing to tell of others.
    """
    if len(chain) < 2:
        return Choice(next((ref for ref in chain if isinstance(pins[ref], Pinned)), None), ())
    answers = [pins[ref] for ref in chain]
    held = [place for place, answer in enumerate(answers) if answer.locked]
    ends = held or [place for place, answer in enumerate(answers) if _ends(answer)]
    end = ends[0] if ends else len(chain)
    taken = end if end < len(chain) and not _obstacle(answers[end]) else None
    tried = (_tried(place, answer, end, taken) for place, answer in enumerate(answers))
    return Choice(chain[taken] if taken is not None else None, tuple(tried))


def none_taken(chain: Sequence[SourceRef], pins: Pins) -> tuple[str, str]:
    """Return why no source of a chain can be had, and what to do about it; of one source, in its own words."""
    failed = [answer for ref in chain if isinstance(answer := pins[ref], Unpinned)]
    if len(chain) == 1:
        return failed[0].message, failed[0].hint
    hint = next((answer.hint for answer in failed if answer.hint), "")
    if len(failed) == len(chain) and all(answer.unlocked for answer in failed):
        names = ", ".join(answer.question for answer in failed)
        return f"none of its {len(chain)} sources is in the lock: {names}", hint
    reasons = "; ".join(f"not {item.reference}: {item.reason}" for item in choose(chain, pins).tried)
    return f"none of its {len(chain)} sources can be taken: {reasons}", hint


def _ends(answer: Pinned | Unpinned) -> bool:
    """Tell whether nothing after a source with this answer is asked: it can be had, or nobody knows."""
    return not _obstacle(answer) or _may_pass(answer)


def _may_pass(answer: Pinned | Unpinned) -> bool:
    return isinstance(answer, Unpinned) and answer.retryable


def _obstacle(answer: Pinned | Unpinned) -> str:
    """Return why a source with this answer can't be taken; empty where it can."""
    if isinstance(answer, Unpinned):
        return answer.message
    return "" if answer.holds in {"", "model"} else f"it is no model but one of the kind {answer.holds}"


def _tried(place: int, answer: Pinned | Unpinned, end: int, taken: int | None) -> Tried:
    if place == taken:
        return Tried(answer.question, taken=True)
    if place < end:
        return Tried(answer.question, reason=_obstacle(answer) or EARLIER)
    if place == end:
        passing = ", which may pass, so no later one is taken" if _may_pass(answer) else ""
        return Tried(answer.question, reason=f"{_obstacle(answer)}{passing}")
    return Tried(answer.question, reason="" if taken is not None else "it was not tried")
