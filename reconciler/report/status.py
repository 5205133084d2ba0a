"""Status: what a plan knows about each model on each host, as one state. Pure."""

from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never

from reconciler.core.change import Action, Change, Reason
from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName, ModelName
from reconciler.core.plan import Plan
from reconciler.report.changelog import behind, offered, upgrade_hint
from reconciler.report.sentences import chain_lines, source_text, why


class State(StrEnum):
    """How things stand for one model on one host, or for a host as a whole; reports for machines give the name."""

    IN_SYNC = "in sync"
    DRIFTED = "drifted"  # somebody else changed it
    MISSING = "missing"  # declared, and not there
    OUTDATED = "outdated"  # upstream offers something else than what is locked, or than what was applied
    CHANGED = "changed"  # the manifest, the lock or the base did, and that is not applied
    UNTESTED = "untested"  # it is as declared, and has yet to pass its test
    REFUSED = "refused"
    UNRESOLVED = "unresolved"  # what it is made from could not be found out
    UNMANAGED = "not managed"  # there, and neither declared nor ours
    UNDECLARED = "no longer declared"  # ours
    UNREACHABLE = "unreachable"  # a host about which nothing is known


MARKS = {
    State.IN_SYNC: "✓",
    State.DRIFTED: "≠",
    State.MISSING: "+",
    State.OUTDATED: "↑",
    State.CHANGED: "~",
    State.UNTESTED: "?",
    State.REFUSED: "!",
    State.UNRESOLVED: "?!",
    State.UNMANAGED: "○",
    State.UNDECLARED: "−",
    State.UNREACHABLE: "×",
}
MEANINGS = {
    State.IN_SYNC: "as declared",
    State.DRIFTED: "somebody else changed it",
    State.MISSING: "declared, and not there",
    State.OUTDATED: "upstream offers something else than what is locked or was applied",
    State.CHANGED: "the manifest, the lock or its base did, and that is not applied",
    State.UNTESTED: "as declared, and has yet to pass its test",
    State.REFUSED: "declared, and not to be made as things are",
    State.UNRESOLVED: "its source could not be found out",
    State.UNMANAGED: "there, and neither declared nor ours",
    State.UNDECLARED: "ours, and no longer declared",
    State.UNREACHABLE: "the host does not answer",
}
_LAST = (State.UNDECLARED, State.UNMANAGED)  # what is declared comes first, and then these


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One model on one host; texts are as they came, not yet made safe for a terminal."""

    host: HostName
    model: ModelName | None  # absent for a host that is unreachable
    state: State
    detail: str = ""
    hint: str = ""


def status_rows(plan: Plan) -> tuple[StatusRow, ...]:
    """Return one row for each model that is declared, recorded or there, by host.

    What is declared comes first, then what no longer is, then what is not managed; each sorted by name.
    """
    rows = (*_changes(plan), *_unmanaged(plan), *_silent(plan))
    return tuple(sorted(rows, key=_place))


def part(state: State) -> int:
    """Return 0 for what is declared, 1 for what no longer is, 2 for what is not managed."""
    return _LAST.index(state) + 1 if state in _LAST else 0


def _place(row: StatusRow) -> tuple[str, int, str]:
    return row.host, part(row.state), row.model.key if row.model else ""


def _changes(plan: Plan) -> Iterator[StatusRow]:
    for change in plan.changes:
        state = _state(change)
        hint = change.hint or (upgrade_hint(change) if change.outdated else "")
        yield StatusRow(change.address.host, change.address.model, state, _detail(change, state), hint)


def _unmanaged(plan: Plan) -> Iterator[StatusRow]:
    for host in plan.hosts:
        for name in host.unmanaged:
            yield StatusRow(host.host, name, State.UNMANAGED)


def _silent(plan: Plan) -> Iterator[StatusRow]:
    for host in plan.unobserved:
        yield StatusRow(host.host, None, State.UNREACHABLE, host.message, host.hint)


def _state(change: Change) -> State:
    match change.action:
        case Action.REFUSE:
            return State.UNRESOLVED if Reason.UNRESOLVED in change.reasons else State.REFUSED
        case Action.CREATE:
            return State.MISSING
        case Action.DELETE | Action.FORGET:
            return State.UNDECLARED
        case Action.NO_OP if change.after is None:
            return State.UNDECLARED
        case Action.TEST:
            return State.UNTESTED
        case Action.ADOPT | Action.NO_OP:
            return State.OUTDATED if change.outdated else State.IN_SYNC
        case Action.UPDATE:
            return _behind(change)
        case _:
            assert_never(change.action)


def _behind(change: Change) -> State:
    """Name the worst: what somebody else changed, then what moved upstream, then what we changed ourselves."""
    if Reason.DRIFTED in change.reasons:
        return State.DRIFTED
    return State.OUTDATED if Reason.UPSTREAM_MOVED in change.reasons else State.CHANGED


def _detail(change: Change, state: State) -> str:
    """Return why things stand so, and how they stand to upstream."""
    return "; ".join(filter(None, (_why(change, state), *chain_lines(change.sources), _upstream(change))))


def _why(change: Change, state: State) -> str:
    reason = why(change)
    if change.action is Action.ADOPT:
        return f"{reason}; apply will put that on record"
    if state is State.MISSING and change.after is not None and change.reasons == (Reason.NEW,):
        return f"new: {source_text(change.after)}"
    return change.note or ("" if change.reasons == (Reason.IN_SYNC,) else reason)


def _upstream(change: Change) -> str:
    versions = offered(change)
    if versions is not None:
        return behind(versions)
    unchecked = change.after.unchecked if change.after is not None else ""
    return f"upstream could not say whether it is outdated: {unchecked}" if unchecked else ""
