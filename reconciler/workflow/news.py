"""News: what upstream changed, told field by field from small layers. Weights are never read."""

from contextlib import suppress
from dataclasses import replace

from reconciler.core.change import Change, Reason
from reconciler.core.facts import Facts, differences
from reconciler.core.plan import Plan
from reconciler.core.state import Desired, RecordedState
from reconciler.core.steps import Create, Pull, pull_of
from reconciler.errors import ReconcilerError, ResolutionError
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

WIDTH = 8  # layers read at once


def with_news(plan: Plan, recorded: RecordedState, sources: Sources) -> Plan:
    """Return the plan, with what upstream changed wherever it moved; where that can't be read, a note says why."""
    known = recorded.by_address
    told = [change for change in plan.changes if _has_news(change)]
    if not told:
        return plan

    def news(change: Change) -> Change:
        record = known.get(change.address)
        return replace(change, news=differences(*_sides(change, record.facts if record else (), sources)))

    with Fleet(WIDTH) as fleet:
        answers = dict(fleet.each(news, told))
    return replace(plan, changes=tuple(_or_noted(change, answers.get(change, change)) for change in plan.changes))


def _has_news(change: Change) -> bool:
    entry = change.after
    if entry is None or entry.ref is None:
        return False
    new = _new(entry)
    return new is not None and (change.outdated or Reason.UPSTREAM_MOVED in change.reasons)


def _new(entry: Desired) -> Pull | None:
    """Return the pull that brings what is new: what is offered, or what the plan is about to bring."""
    return entry.offered.pull if entry.offered is not None else pull_of(entry.steps)


def _sides(change: Change, shown: Facts, sources: Sources) -> tuple[Facts, Facts]:
    """Return what was there and what is new, both with or both without what only the config tells."""
    entry = change.after
    assert entry is not None
    source, new = sources(entry.source), _new(entry)
    assert new is not None
    if entry.offered is not None and (old := pull_of(entry.steps)) is not None:
        with suppress(ResolutionError):  # upstream may have dropped what it offered then
            return source.describe(old, config=True), source.describe(new, config=True)
    laid_over = any(isinstance(step, Create) for step in entry.steps)
    after = source.describe(new)
    return (shown, after) if shown and not laid_over else (after, after)


def _or_noted(change: Change, answer: Change | ReconcilerError) -> Change:
    if isinstance(answer, ReconcilerError):
        return replace(change, note=change.note or f"what changed upstream can't be told: {answer.message}")
    return answer
