"""Ownership: beginning and ending to own models that are there, without touching them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.core.change import Action, Change, Reason
from reconciler.core.digest import fingerprint
from reconciler.core.names import ModelName
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import Plan
from reconciler.core.state import Recorded
from reconciler.ports import Clock, Forget, RecordStore, Run


def adoption(plan: Plan, names: Iterable[ModelName]) -> Plan:
    """Return the plan that puts declared models on record which are there and not ours; no names means all of them.

    One that is not what is declared is recorded as it is: ours from then on, and the next plan shows
    what apply would change about it.
    """
    wanted = frozenset(names)
    chosen = (change for change in plan.changes if not wanted or change.address.model in wanted)
    return plan.only(tuple(_as_it_is(change) for change in chosen if _is_strange(change)))


def _is_strange(change: Change) -> bool:
    if change.action is Action.TEST:  # it is ours, and to put it on record as it is would hide that its test is due
        return False
    there = change.after is not None and change.before is not None
    return there and {Reason.UNMANAGED, Reason.ALREADY_PRESENT} & set(change.reasons) != set()


def _as_it_is(change: Change) -> Change:
    if change.action is Action.ADOPT or change.after is None:
        return change
    unknown = replace(change.after, content=(), fingerprint=fingerprint([]), steps=())
    return replace(change, action=Action.ADOPT, after=unknown, fields=(), drift=(), steps=(), note="", hint="")


def forget(records: Sequence[Recorded], store: RecordStore, run: Run, clock: Clock) -> RunResult:
    """Take models off our records and return what came of it; no host is asked, so one that is gone is no trouble."""
    store.begin(run)
    outcomes = tuple(Outcome(record.address, Action.FORGET, Status.APPLIED) for record in records)
    for outcome in outcomes:
        store.save(run.id, clock.now(), outcome, Forget(outcome.address))
    store.end(run.id, clock.now(), "succeeded")
    return RunResult(run.id, outcomes, complete=True)
