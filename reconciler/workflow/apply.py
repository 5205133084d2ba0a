"""Apply: exactly the plan, one mutation at a time on each host, many hosts at a time.

Leases on all hosts come first, then a last look at whether the plan still stands, then the work.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.core.change import Action, Change
from reconciler.core.names import HostName, ModelName
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import Plan
from reconciler.errors import StalePlan, UnsafePlan, WrongLineage
from reconciler.ports import Listener, RecordStore, Run
from reconciler.workflow.crew import Crew, Workshop
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.leases import Leases, held, server
from reconciler.workflow.telling import tell
from reconciler.workflow.transfer import Transfers


def apply(plan: Plan, shop: Workshop, run: Run) -> RunResult:
    """Do what the plan says and return what came of it.

    Raises UnsafePlan, StalePlan, WrongLineage and LeaseHeld before the first write, RegistryError at any time.
    """
    _must_be_safe(plan)
    _must_be_fresh(plan, shop.store)
    busy = _busy(plan, shop.store)
    if not busy:
        return _result(plan, run, [], shop.listener)
    servers = {name: server(shop.hosts[name].url) for name in busy}
    with held(shop.store, servers, run, shop.lease, shop.clock, shop.listener) as leases:
        _must_be_fresh(plan, shop.store)
        shop.store.begin(run)
        result = RunResult(run.id, (), complete=False)
        try:
            result = _result(plan, run, _work(plan, servers, shop, run, leases), shop.listener)
        finally:
            shop.store.end(run.id, shop.clock.now(), _verdict(result))
    return result


def _work(plan: Plan, servers: Mapping[HostName, str], shop: Workshop, run: Run, leases: Leases) -> list[Outcome]:
    """Work on every server at once; if one of them meets a bug, the others finish the change in hand and stop."""
    with (
        Transfers(shop.hosts, shop.sources, shop.listener, shop.stop, passing=shop.passing) as transfers,
        Fleet(shop.parallelism) as workers,
    ):
        transfers.start(change for stage in plan.stages for change in stage)
        crews: defaultdict[str, list[Crew]] = defaultdict(list)
        for host, place in servers.items():
            own, ours = _queue(plan, host), _ours(plan, host)
            crews[place].append(Crew(host, shop.hosts[host], own, ours, run.id, shop, transfers, leases))
        try:
            futures = [workers.start(_in_turn, each) for each in crews.values()]
            outcomes = [outcome for future in futures for outcome in future.result()]
        except BaseException:
            shop.stop.set()
            raise
        transfers.release()
    return outcomes


def _in_turn(crews: Iterable[Crew]) -> list[Outcome]:
    """Let those who work on one server, which may be several hosts in the manifests, work one after the other."""
    return [outcome for crew in crews for outcome in crew.work()]


def _must_be_safe(plan: Plan) -> None:
    if plan.violations:
        found = "; ".join(f"{item.where}: {item.message}" for item in plan.violations)
        raise UnsafePlan(f"nothing was done, because the plan is not safe: {found}")


def _must_be_fresh(plan: Plan, store: RecordStore) -> None:
    now = store.read()
    if plan.lineage and now.lineage != plan.lineage:
        raise WrongLineage("nothing was done: the plan was made with another registry", hint="plan again")
    if now.serial != plan.serial:
        raise StalePlan("nothing was done: somebody else applied since this plan was made", hint="plan again")


def _busy(plan: Plan, store: RecordStore) -> list[HostName]:
    """Return the hosts with something to do: changes, or what a run that died has left there."""
    pending = {change.address.host for change in plan.pending}
    return [view.host for view in plan.hosts if view.host in pending or store.leftovers(view.host)]


def _queue(plan: Plan, host: HostName) -> list[Change]:
    return [change for stage in plan.stages for change in stage if change.address.host == host]


def _ours(plan: Plan, host: HostName) -> frozenset[ModelName]:
    return frozenset(change.address.model for change in plan.changes if change.address.host == host)


def _result(plan: Plan, run: Run, made: list[Outcome], listener: Listener) -> RunResult:
    """Return the outcomes of all that was asked for: what was done, and, told here, what the plan refused to do."""
    refused = [_refusal(change) for change in plan.refused]
    for change, outcome in zip(plan.refused, refused, strict=True):
        tell(listener.bind(run=run.id), change, outcome)
    return RunResult(run.id, tuple(sorted((*made, *refused), key=lambda item: item.address)), plan.complete)


def _refusal(change: Change) -> Outcome:
    return Outcome(change.address, Action.REFUSE, Status.REFUSED, message=change.note, hint=change.hint)


def _verdict(result: RunResult) -> str:
    if result.good:
        return "succeeded"
    return "partial" if result.count(Status.APPLIED) else "failed"
