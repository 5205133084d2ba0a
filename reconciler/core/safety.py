"""Safety: checks that judge a whole plan before the first write. Each check is one function in `CHECKS`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.change import WRITES, Action, Change
from reconciler.core.names import Address, ModelName
from reconciler.core.steps import Delete, Pull, is_staging, written_names


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One reason not to apply a plan at all."""

    address: Address
    check: str
    message: str


def violations(changes: Sequence[Change]) -> tuple[Violation, ...]:
    """Return everything that speaks against applying these changes, sorted by address; empty means safe."""
    return tuple(sorted(found for check in CHECKS for found in check(changes)))


def _writes_only_its_own_name(changes: Sequence[Change]) -> Iterable[Violation]:
    """A change may write the model that it is about, a staging name, and the name that a pull must have."""
    for change in changes:
        for name in sorted(written_names(change.steps) - _allowed(change)):
            yield Violation(change.address, "own-name", f"a step would write {name}, which is another model")


def _deletes_only_when_deleting(changes: Sequence[Change]) -> Iterable[Violation]:
    """No change but a delete may delete the model that it is about."""
    for change in changes:
        doomed = {step.name for step in change.steps if isinstance(step, Delete)}
        if change.address.model in doomed and change.action is not Action.DELETE:
            yield Violation(change.address, "no-hidden-delete", f"a step of this {change.action} would delete it")


def _writes_only_by_writing_actions(changes: Sequence[Change]) -> Iterable[Violation]:
    """A change that only books or refuses has no steps."""
    for change in changes:
        if change.steps and change.action not in WRITES:
            yield Violation(change.address, "no-hidden-write", f"an action of {change.action} must not have steps")


def _allowed(change: Change) -> frozenset[ModelName]:
    names = {name for name in written_names(change.steps) if is_staging(name)}
    pulled = {step.name for step in change.steps if isinstance(step, Pull)}
    return frozenset(names | pulled | {change.address.model})


Check = Callable[[Sequence[Change]], Iterable[Violation]]

CHECKS: tuple[Check, ...] = (
    _writes_only_its_own_name,
    _deletes_only_when_deleting,
    _writes_only_by_writing_actions,
)
