"""Metrics of one round as text that Prometheus reads, for the textfile collector of its node exporter. Pure.

Everything is a gauge, because each round says it all anew. Labels are hosts, states, actions and outcomes; models are
a label only where they are declared, so that nobody else decides how many series there are.
prometheus_client writes and reads the text, and is imported only then.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product

from reconciler.core.change import BOOKKEEPING, WRITES, Action, Change
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import Plan
from reconciler.report.status import State, status_rows

FAILED = "failed"
STATES = (*(state.name.lower() for state in State if state is not State.UNREACHABLE), FAILED)
_LAST_SUCCESS = "reconciler_last_success_timestamp_seconds"
_GONE = frozenset({Action.DELETE, Action.FORGET})
_ENDS = (*product(sorted(WRITES | BOOKKEEPING), Status), (Action.REFUSE, Status.REFUSED))


@dataclass(frozen=True, slots=True)
class Measured:
    """One round, as far as it came."""

    ended_at: str  # ISO 8601, UTC
    seconds: float
    exit_code: int
    success: bool
    plan: Plan | None = None  # absent where none could be made
    result: RunResult | None = None  # absent where nothing was begun
    held: Collection[Address] = ()  # what failed in an earlier round and is not tried now


@dataclass(frozen=True, slots=True)
class _Gauge:
    name: str
    help: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float]]


def metrics_text(measured: Measured, before: str = "") -> str:
    """Return the metrics of a round; `before` is the text of the round before it, from which the last success comes."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for each in _gauges(measured, before):
        gauge = Gauge(each.name, each.help, each.labels, registry=registry)
        for labels, value in each.values:
            (gauge.labels(*labels) if labels else gauge).set(value)
    return generate_latest(registry).decode()


def last_success(text: str) -> float | None:
    """Return when the metrics say that a round was last a success, in seconds since 1970; None where they do not."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except (ValueError, KeyError, IndexError):  # what the parser raises for text that is none of ours
        return None
    return next((sample.value for sample in samples if sample.name == _LAST_SUCCESS), None)


def _gauges(measured: Measured, before: str) -> Iterator[_Gauge]:
    ended = datetime.fromisoformat(measured.ended_at).timestamp()
    success = ended if measured.success else last_success(before)
    yield _single("last_run_timestamp_seconds", "When the last run ended, since 1970.", ended)
    if success is not None:
        yield _single("last_success_timestamp_seconds", "When a run last left nothing undone.", success)
    yield _single("last_run_duration_seconds", "How long the last run took.", measured.seconds)
    yield _single("last_run_exit_code", "How the last run ended: 0 is done or in sync.", measured.exit_code)
    if measured.plan is not None:
        yield from _of_plan(measured.plan, measured)
    if measured.result is not None:
        yield from _of_result(measured.result)


def _of_plan(plan: Plan, measured: Measured) -> Iterator[_Gauge]:
    hosts = [(str(host.host), 1) for host in plan.hosts] + [(str(host.host), 0) for host in plan.unobserved]
    up = [((host,), value) for host, value in hosts]
    yield _single("plan_complete", "Whether all hosts answered and all that is declared was found.", plan.complete)
    yield _Gauge("reconciler_host_up", "Whether a host answered.", ("host",), up)
    counts = Counter(_states(plan, measured))
    states = [((str(host.host), state), counts[host.host, state]) for host in plan.hosts for state in STATES]
    yield _Gauge("reconciler_models", "Models on a host by their state after the run.", ("host", "state"), states)
    ends = _ends(measured)
    synced = [(_labels(change), _in_sync(change, ends)) for change in plan.changes if change.location is not None]
    help_ = "Whether a host has a declared model as it is declared."
    yield _Gauge("reconciler_model_in_sync", help_, ("host", "model"), synced)


def _of_result(result: RunResult) -> Iterator[_Gauge]:
    counts = Counter((outcome.action, outcome.status) for outcome in result.outcomes)
    ends = [((action.value, status.value), counts[action, status]) for action, status in _ENDS]
    yield _Gauge("reconciler_last_run_changes", "Changes of the last run.", ("action", "outcome"), ends)
    moved = sum(outcome.moved for outcome in result.outcomes)
    yield _single("last_run_moved_bytes", "Bytes that the last run brought to hosts.", moved)


def _states(plan: Plan, measured: Measured) -> Iterator[tuple[str, str]]:
    """Yield host and state of each model on a host that answered, as things stand after the run."""
    ends, outdated = _ends(measured), {change.address for change in plan.outdated}
    for row in status_rows(plan):
        if row.model is None:
            continue
        address = Address(row.host, row.model)
        end = ends.get(address)
        if end is not None and end.status is Status.APPLIED:
            if end.action not in _GONE:
                yield row.host, (State.OUTDATED if address in outdated else State.IN_SYNC).name.lower()
        elif address in measured.held or (end is not None and end.status is Status.FAILED):
            yield row.host, FAILED
        else:
            yield row.host, row.state.name.lower()


def _ends(measured: Measured) -> Mapping[Address, Outcome]:
    outcomes = measured.result.outcomes if measured.result is not None else ()
    return {outcome.address: outcome for outcome in outcomes}


def _in_sync(change: Change, ends: Mapping[Address, Outcome]) -> bool:
    end = ends.get(change.address)
    if end is not None:
        return end.status is Status.APPLIED
    return change.action in {Action.NO_OP, Action.ADOPT}


def _labels(change: Change) -> tuple[str, ...]:
    return change.address.host, str(change.address.model)


def _single(name: str, help_: str, value: float) -> _Gauge:
    return _Gauge(f"reconciler_{name}", help_, (), [((), float(value))])
