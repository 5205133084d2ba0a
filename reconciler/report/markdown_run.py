"""What came of a run as a comment on a pull request: what did not work comes first. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.core.change import Action
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import Plan
from reconciler.report.capped import Group, Piece, Weight
from reconciler.report.comment import alarm, hint, silent, whole
from reconciler.report.marks import code, prose
from reconciler.report.outcomes import outcome_sentence, run_incomplete, run_sentence
from reconciler.report.view import SYMBOLS

_COUNTS = re.compile(r"\d+ (?:failed|skipped|refused)")
_TABLE = "| | model | action | outcome | |\n|---|---|---|---|---|\n"
_WEIGHTS = {Status.FAILED: Weight.FAILURE, Status.SKIPPED: Weight.SKIPPED, Status.REFUSED: Weight.REFUSAL}


def run_markdown(plan: Plan, result: RunResult, name: str) -> str:
    """Return what came of a run of this plan as a comment; `name` says what was applied, and tells it from others."""
    verdict = _COUNTS.sub(r"**\g<0>**", run_sentence(result))
    groups = (alarm("WARNING", run_incomplete(result), silent(plan)), *_hosts(result.outcomes))
    return whole(f"apply: {name}", verdict, groups, f"<sub>{code(f'reconciler apply {name}')}</sub>\n")


def _hosts(outcomes: Sequence[Outcome]) -> Iterator[Group]:
    """Yield what came of each change, the hosts with failures first."""
    found = [tuple(here) for _, here in groupby(outcomes, key=lambda item: item.address.host)]
    for here in sorted(found, key=lambda items: min(map(_weight, items))):
        ordered = sorted(here, key=_weight)
        title = f"**Host {code(here[0].address.host)}**\n\n"
        yield Group(tuple(Piece(_weight(item), _cells(item)) for item in ordered), _TABLE, "\n", title)


def _weight(item: Outcome) -> Weight:
    return _WEIGHTS.get(item.status, Weight.DELETE if item.action is Action.DELETE else Weight.CHANGE)


def _cells(item: Outcome) -> str:
    first = (code(SYMBOLS[item.action]), code(str(item.address.model)), item.action.value, item.status.value)
    loud = item.status is not Status.APPLIED
    shown = (f"**{cell}**" if loud else cell for cell in first)
    return f"| {' | '.join((*shown, prose(outcome_sentence(item)) + hint(item.hint)))} |\n"
