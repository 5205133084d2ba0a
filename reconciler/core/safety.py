"""Safety: checks that judge a whole plan before the first write. Each check is one function in `CHECKS`."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.core.change import WRITES, Action, Change, Cost
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.steps import Delete, Pull, is_staging, written_names


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one host may hold, in bytes."""

    host: HostName
    limit: int
    held: int  # now, as far as that is known


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do; None means without limit."""

    deletes: int | None = None  # models, on all hosts together
    delete_share: float = 0.5  # of the models that we own or declare, on each host
    updates: int | None = None  # models, on all hosts together
    transfer: int | None = None  # bytes that must reach the hosts, all together
    storage: tuple[Budget, ...] = ()  # of the hosts that have one


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One reason not to apply a plan at all."""

    where: str  # an address, a host, or the whole plan
    check: str
    message: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged."""

    changes: Sequence[Change]
    costs: Mapping[Address, Cost]
    limits: Limits

    def count(self, action: Action) -> int:
        """Return how many changes are of this kind."""
        return sum(change.action is action for change in self.changes)


def spare_loaded(changes: Iterable[Change], loaded: Container[Address]) -> tuple[Change, ...]:
    """Return the changes without deletes of models that somebody uses right now: a later run deletes them."""
    return tuple(
        replace(change, action=Action.NO_OP, steps=(), note="loaded right now: a later run deletes it")
        if change.action is Action.DELETE and change.address in loaded
        else change
        for change in changes
    )


def violations(case: Case) -> tuple[Violation, ...]:
    """Return everything that speaks against applying these changes, sorted by place; empty means safe."""
    return tuple(sorted(found for check in CHECKS for found in check(case)))


def _writes_only_its_own_name(case: Case) -> Iterable[Violation]:
    """A change may write the model that it is about, a staging name, and the name that a pull must have."""
    for change in case.changes:
        for name in sorted(written_names(change.steps) - _allowed(change)):
            yield Violation(str(change.address), "own-name", f"a step would write {name}, which is another model")


def _deletes_only_when_deleting(case: Case) -> Iterable[Violation]:
    """No change but a delete may delete the model that it is about."""
    for change in case.changes:
        doomed = {step.name for step in change.steps if isinstance(step, Delete)}
        if change.address.model in doomed and change.action is not Action.DELETE:
            message = f"a step of this {change.action} would delete it"
            yield Violation(str(change.address), "no-hidden-delete", message)


def _writes_only_by_writing_actions(case: Case) -> Iterable[Violation]:
    """A change that only books or refuses has no steps."""
    for change in case.changes:
        if change.steps and change.action not in WRITES:
            message = f"an action of {change.action} must not have steps"
            yield Violation(str(change.address), "no-hidden-write", message)


def _never_deletes_all_for_nothing(case: Case) -> Iterable[Violation]:
    """Deleting while nothing at all is declared is a wrong folder, not a wish."""
    declared = any(change.location is not None for change in case.changes)
    if case.count(Action.DELETE) and not declared:
        message = f"nothing is declared, and {case.count(Action.DELETE)} models would be deleted"
        yield Violation("the plan", "empty-prune", message)


def _few_deletes_a_host(case: Case) -> Iterable[Violation]:
    doomed = Counter(change.address.host for change in case.changes if change.action is Action.DELETE)
    known = Counter(change.address.host for change in case.changes)
    for host, count in sorted(doomed.items()):
        if count > case.limits.delete_share * known[host]:
            share = f"{case.limits.delete_share:.0%}"
            message = f"{count} of {known[host]} models would be deleted, and the limit is {share}"
            yield Violation(f"host {host}", "delete-share", message)


def _within_counts(case: Case) -> Iterable[Violation]:
    limits = {Action.DELETE: case.limits.deletes, Action.UPDATE: case.limits.updates}
    for action, limit in limits.items():
        if limit is not None and case.count(action) > limit:
            message = f"{case.count(action)} models would be {action}d, and the limit is {limit}"
            yield Violation("the plan", f"{action}-limit", message)


def _within_bytes(case: Case) -> Iterable[Violation]:
    moved = sum(cost.transfer for cost in case.costs.values())
    if case.limits.transfer is not None and moved > case.limits.transfer:
        message = f"{moved} bytes would be moved, and the limit is {case.limits.transfer}"
        yield Violation("the plan", "transfer-limit", message)


def _within_storage(case: Case) -> Iterable[Violation]:
    """What is deleted frees its place too late to count: deletes come last."""
    for budget in case.limits.storage:
        costs = (cost.disk for address, cost in case.costs.items() if address.host == budget.host)
        added = sum(disk for disk in costs if disk > 0)
        if added and budget.held + added > budget.limit:
            message = (
                f"its models have {budget.held} bytes, {added} more would come before anything is deleted,"
                f" and its storageBudget is {budget.limit} (layers that models share are counted once"
                " only where it is known that they do)"
            )
            yield Violation(f"host {budget.host}", "storage-budget", message)


def _allowed(change: Change) -> frozenset[ModelName]:
    names = {name for name in written_names(change.steps) if is_staging(name)}
    pulled = {step.name for step in change.steps if isinstance(step, Pull)}
    return frozenset(names | pulled | {change.address.model})


Check = Callable[[Case], Iterable[Violation]]

CHECKS: tuple[Check, ...] = (
    _writes_only_its_own_name,
    _deletes_only_when_deleting,
    _writes_only_by_writing_actions,
    _never_deletes_all_for_nothing,
    _few_deletes_a_host,
    _within_counts,
    _within_bytes,
    _within_storage,
)
