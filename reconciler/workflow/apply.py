"""Apply: exactly the plan, one mutation at a time on each host, many hosts at a time.

Each outcome is put on record the moment it is known, so a crash leaves a true history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event

from reconciler.core.change import Action, Change
from reconciler.core.names import Address, HostName
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import Plan
from reconciler.errors import ReconcilerError, StalePlan, UnsafePlan
from reconciler.ports import Clock, Listener, RecordStore, Run, Sources
from reconciler.workflow.execute import Tools, execute
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.observe import Hosts
from reconciler.workflow.transfer import Transfers

TRANSFERS = 4  # blobs under way at once


@dataclass(frozen=True, slots=True)
class Workshop:
    """Everything that an apply works with."""

    hosts: Hosts
    sources: Sources
    store: RecordStore
    listener: Listener
    clock: Clock
    parallelism: int  # hosts worked on at once


def apply(plan: Plan, shop: Workshop, run: Run) -> RunResult:
    """Do what the plan says and return what came of it; raises UnsafePlan and StalePlan before the first write."""
    _must_be_safe(plan)
    _must_be_fresh(plan, shop.store)
    if not plan.pending:
        return RunResult(run.id, _refusals(plan), plan.complete)
    shop.store.begin(run)
    result = RunResult(run.id, (), complete=False)
    try:
        outcomes = (*_work(plan, shop, run.id), *_refusals(plan))
        result = RunResult(run.id, tuple(sorted(outcomes, key=lambda item: item.address)), plan.complete)
    finally:
        shop.store.end(run.id, shop.clock.now(), _verdict(result))
    return result


def _work(plan: Plan, shop: Workshop, run: str) -> list[Outcome]:
    """Work on every host at once; on an interrupt, finish the change in hand on each and skip the rest."""
    queues = _queues(plan)
    stop = Event()
    with Fleet(TRANSFERS) as carriers, Fleet(shop.parallelism) as workers:
        transfers = Transfers(shop.hosts, shop.sources, shop.listener, carriers)
        transfers.start(change for stage in plan.stages for change in stage)
        crews = [_Crew(host, queue, shop, transfers, run, stop) for host, queue in queues.items()]
        try:
            futures = [workers.start(crew.work) for crew in crews]
            outcomes = [outcome for future in futures for outcome in future.result()]
        except BaseException:
            stop.set()
            raise
        transfers.release()
    return outcomes


class _Crew:
    """The work on one host, in order."""

    def __init__(
        self, host: HostName, queue: Sequence[Change], shop: Workshop, transfers: Transfers, run: str, stop: Event
    ) -> None:
        self._queue, self._shop, self._run, self._stop = queue, shop, run, stop
        listener = shop.listener.bind(run=run, host=host)
        self._tools = Tools(shop.hosts[host], shop.sources, transfers, listener, shop.clock)
        self._failed: set[Address] = set()

    def work(self) -> list[Outcome]:
        """Make the changes, skipping those whose base failed, and return their outcomes."""
        return [self._one(change) for change in self._queue]

    def _one(self, change: Change) -> Outcome:
        listener = self._tools.listener.bind(model=str(change.address.model))
        started = self._shop.clock.monotonic()
        effect = None
        try:
            self._must_go_on(change)
            done = execute(change, replace(self._tools, listener=listener))
            effect = done.effect
            outcome = Outcome(change.address, change.action, Status.APPLIED, done.digest, moved=done.moved)
        except ReconcilerError as error:
            status = Status.SKIPPED if isinstance(error, _Skipped) else Status.FAILED
            outcome = Outcome(change.address, change.action, status, message=error.message, hint=error.hint)
            self._failed.add(change.address)
        outcome = replace(outcome, seconds=round(self._shop.clock.monotonic() - started, 3))
        self._shop.store.save(self._run, self._shop.clock.now(), outcome, effect)
        _tell(listener, outcome)
        return outcome

    def _must_go_on(self, change: Change) -> None:
        if self._stop.is_set():
            raise _Skipped("the run was interrupted before it came to this change")
        if change.base is not None and Address(change.address.host, change.base) in self._failed:
            raise _Skipped(f"its base {change.base} failed", hint="mend the base, then apply again")


class _Skipped(ReconcilerError):
    """A change that is not tried; never leaves this module."""


def _must_be_safe(plan: Plan) -> None:
    if plan.violations:
        found = "; ".join(f"{item.where}: {item.message}" for item in plan.violations)
        raise UnsafePlan(f"nothing was done, because the plan is not safe: {found}")


def _must_be_fresh(plan: Plan, store: RecordStore) -> None:
    now = store.read()
    if (now.lineage, now.serial) != (plan.lineage, plan.serial):
        raise StalePlan("somebody else applied since this plan was made", hint="plan again")


def _queues(plan: Plan) -> dict[HostName, list[Change]]:
    queues: dict[HostName, list[Change]] = {}
    for stage in plan.stages:
        for change in stage:
            queues.setdefault(change.address.host, []).append(change)
    return queues


def _refusals(plan: Plan) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(change.address, Action.REFUSE, Status.REFUSED, message=change.note, hint=change.hint)
        for change in plan.refused
    )


def _verdict(result: RunResult) -> str:
    if result.good:
        return "succeeded"
    return "partial" if result.count(Status.APPLIED) else "failed"


def _tell(listener: Listener, outcome: Outcome) -> None:
    """Emit the one canonical line of a change."""
    facts: dict[str, object] = {"action": outcome.action.value, "seconds": outcome.seconds, "bytes": outcome.moved}
    if outcome.digest:
        facts["digest"] = outcome.digest.short
    if outcome.message:
        facts["error"] = outcome.message
    level = "info" if outcome.status is Status.APPLIED else "error"
    listener.event(level, f"change_{outcome.status.value}", **facts)
