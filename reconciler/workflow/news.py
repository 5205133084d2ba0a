"""News: what upstream changed, told field by field from small layers. Weights are never read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.core.change import MOVED, Change
from reconciler.core.facts import Facts, differences
from reconciler.core.likeness import unlike
from reconciler.core.plan import Plan
from reconciler.core.state import Recorded, RecordedState
from reconciler.core.steps import Pull, pull_of
from reconciler.errors import ReconcilerError
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

WIDTH = 8  # layers read at once

Asked = tuple[str, Pull]  # of which source type, and what
Told = tuple[Facts, Facts]  # what every host would show of a pull, and with it what only its config says


def with_news(plan: Plan, recorded: RecordedState, sources: Sources) -> Plan:
    """Return the plan, with what upstream changed wherever it moved; where that can't be told, a note says why."""
    asked = dict.fromkeys(item for change in plan.changes for item in _asked(change))
    if not asked:
        return plan

    def read(item: Asked) -> Told:
        source, pull = item
        return sources(source).describe(pull), sources(source).describe(pull, config=True)

    with Fleet(WIDTH) as fleet:
        told, known = dict(fleet.each(read, asked)), recorded.by_address
    return replace(plan, changes=tuple(_with_news(change, known.get(change.address), told) for change in plan.changes))


def _asked(change: Change) -> Iterator[Asked]:
    """Yield what has to be read, what is new first; nothing where there is no news, or none that a hub could tell."""
    entry = change.after
    if entry is None or entry.ref is None:
        return
    if entry.offered is not None:
        pulls = [entry.offered.pull, pull_of(entry.steps)]
    else:
        pulls = [pull_of(entry.steps)] if MOVED & set(change.reasons) else []
    yield from ((entry.source, pull) for pull in pulls if pull is not None)


def _with_news(change: Change, record: Recorded | None, told: Mapping[Asked, Told | ReconcilerError]) -> Change:
    answers = [told[item] for item in _asked(change)]
    if not answers:
        return change
    after, *earlier = answers
    if isinstance(after, ReconcilerError):
        return _noted(change, after.message)
    if earlier and not isinstance(earlier[0], ReconcilerError):
        return replace(change, news=differences(earlier[0][1], after[1]))
    if record is None or not record.facts:
        return _noted(change, "what was there before is not known any more")
    assert change.after is not None
    return replace(change, news=unlike(change.after, record.facts, _as_shown(after, record.facts)))


def _as_shown(told: Told, shown: Facts) -> Facts:
    """Return what a host would show that has shown this: of what only the config says, no more than it does."""
    plain, whole = told
    seen = dict(plain).keys() | dict(shown).keys()
    return tuple((path, value) for path, value in whole if path in seen)


def _noted(change: Change, why: str) -> Change:
    return replace(change, note=change.note or f"what changed upstream can't be told: {why}")
