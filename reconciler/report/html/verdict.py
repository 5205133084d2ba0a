"""What a plan comes to, in one sentence. Pure."""

from enum import StrEnum

from reconciler.core.change import WRITES
from reconciler.core.plan import Plan
from reconciler.report.text import counted


class Tone(StrEnum):
    """How urgent it is."""

    GOOD = "good"
    NEWS = "news"  # nothing has to be done, and something could be
    DUE = "due"  # there is something to apply
    BAD = "bad"  # something is refused, unsafe or not known


def tone(plan: Plan) -> Tone:
    """Return how urgent a plan is."""
    if plan.violations or plan.refused or not plan.complete:
        return Tone.BAD
    if plan.pending:
        return Tone.DUE
    return Tone.NEWS if plan.outdated else Tone.GOOD


def verdict(plan: Plan) -> str:
    """Return one sentence."""
    if plan.violations:
        return "This plan is unsafe: nothing of it will be applied."
    if not plan.hosts and plan.unobserved:
        return "Nothing is known: no host answers."
    if not plan.hosts:
        return "There is nothing here yet."
    told = _told(plan)
    if not told:
        return _quiet(plan)
    sentence = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    return f"{sentence}."


def _told(plan: Plan) -> list[str]:
    writes = sum(change.action in WRITES for change in plan.pending)
    outdated = len({change.address.model for change in plan.outdated})
    told = (
        (writes, "change is pending", "changes are pending"),
        (len(plan.refused), "is refused", "are refused"),
        (len(plan.unobserved), "host does not answer", "hosts do not answer"),
        (outdated, "model is outdated", "models are outdated"),
        (len(plan.pending) - writes, "is to be put on record", "are to be put on record"),
    )
    return [f"{count} {one if count == 1 else many}" for count, one, many in told if count]


def _quiet(plan: Plan) -> str:
    if any(host.in_sync for host in plan.hosts):
        return "Everything that is declared is in sync."
    return f"Nothing is declared for {counted(len(plan.hosts), 'host')}, and nothing is to be done."
