"""A plan as rows, counts and sentences, ready to be printed in any format. Pure.

Every text in a view is safe to print: whatever came from outside went through `safe`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from reconciler.core.change import MOVED, Action, Change, Reason
from reconciler.core.frozen import dataclass
from reconciler.core.plan import HostView, Plan
from reconciler.core.state import Unobserved
from reconciler.core.steps import Create, Install, Pull, Upload, needed_blobs
from reconciler.report.changelog import Versions, behind, moved, offered, rebuilt_by, upgrade_hint
from reconciler.report.fields import FieldRow, field_rows
from reconciler.report.sentences import (
    chain_lines,
    merging_text,
    only_records,
    plan_sentences,
    source_text,
    test_text,
    why,
)
from reconciler.report.text import human_bytes, safe, signed_bytes, without_login

SYMBOLS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.ADOPT: "=",
    Action.FORGET: ".",
    Action.TEST: "?",
    Action.REFUSE: "!",
    Action.NO_OP: " ",
}
OUTDATED = "^"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change, or what is outdated about a model."""

    symbol: str
    name: str
    verb: str  # how it is done: pull, import, build, …
    detail: str  # reason, source or note, whatever belongs on the row
    cost: str  # bytes to move, or freed; empty where there are none
    disk: str  # change of the disk use, with its sign; empty where there is none
    fields: tuple[FieldRow, ...]
    below: tuple[str, ...]  # further lines
    hint: str


@dataclass(frozen=True, slots=True)
class HostRows:
    """What a plan says about one host; `trouble` is empty if it answered, and then the rest is not."""

    name: str
    url: str
    version: str = ""
    rows: tuple[ChangeRow, ...] = ()
    quiet: str = ""  # what is there and will not be touched, counted
    trouble: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class PlanView:
    """A whole plan; `hosts` is empty where there is nothing to show but the sentences."""

    hosts: tuple[HostRows, ...]
    violations: tuple[str, ...]
    sentences: tuple[str, ...]  # the summary


def view(plan: Plan, registry: str = "") -> PlanView:
    """Return the plan as rows, hosts sorted by name; `registry` is the address of ours, for what is said of it."""
    doing = plan.pending and not only_records(plan)
    telling = doing or plan.outdated or plan.refused or plan.unobserved or plan.violations
    hosts = (*(_answering(plan, host) for host in plan.hosts), *(_silent(host) for host in plan.unobserved))
    return PlanView(
        hosts=tuple(sorted(hosts, key=lambda host: host.name)) if telling else (),
        violations=tuple(safe(f"{item.where}: {item.message} ({item.check})") for item in plan.violations),
        sentences=plan_sentences(plan, registry),
    )


def _silent(host: Unobserved) -> HostRows:
    return HostRows(safe(host.host), safe(without_login(host.url)), trouble=safe(host.message), hint=safe(host.hint))


def _answering(plan: Plan, host: HostView) -> HostRows:
    shown = (change for change in plan.changes if change.address.host == host.host)
    rows = tuple(row for change in shown for row in _rows(plan, change))
    counts = (
        f"{host.in_sync} in sync" if host.in_sync else "",
        f"{len(host.unmanaged)} not managed" if host.unmanaged else "",
        f"{len(host.undeclared)} no longer declared" if host.undeclared else "",
    )
    quiet = ", ".join(filter(None, counts)) or ("" if rows else "no models")
    return HostRows(safe(host.host), safe(without_login(host.url)), safe(host.version), rows, quiet)


def _rows(plan: Plan, change: Change) -> Iterator[ChangeRow]:
    """Yield what is done about a model, and what is outdated about it: neither decides about the other."""
    if change.action is not Action.NO_OP:
        yield _row(plan, change)
    versions = offered(change)
    if versions is not None:
        yield _outdated(plan, change, versions)


def _row(plan: Plan, change: Change) -> ChangeRow:
    refused = change.action is Action.REFUSE
    news = moved(change)
    fields = [field for field in change.fields if not (news and field.path == "manifest")]
    told = change.note if change.action is Action.UPDATE and not change.outdated else ""
    doubts = [f"warning: {text}" for text in change.warnings]
    place = f"at {change.location}" if refused and change.location else ""
    merged = merging_text(change) if plan.cost(change).transfer else ""
    texts = (*chain_lines(change.sources), merged, test_text(change), *doubts, told, place)
    return ChangeRow(
        symbol=SYMBOLS[change.action],
        name=safe(str(change.address.model)),
        verb=_verb(change),
        detail=_detail(change),
        cost=_cost(plan, change),
        disk=signed_bytes(disk) if (disk := plan.cost(change).disk) else "",
        fields=(*field_rows(replace(change, fields=tuple(fields))), *news),
        below=tuple(safe(line) for line in texts if line),
        hint=safe(change.hint),
    )


def _outdated(plan: Plan, change: Change, versions: Versions) -> ChangeRow:
    names = ", ".join(str(name) for name in rebuilt_by(plan, change.address))
    told = "" if change.action is Action.REFUSE else change.note
    chain = chain_lines(change.sources) if change.action is Action.NO_OP else ()
    return ChangeRow(
        symbol=OUTDATED,
        name=safe(str(change.address.model)),
        verb="outdated",
        detail=safe(behind(versions)),
        cost=f"{human_bytes(versions.transfer)} to fetch",
        disk="",
        fields=versions.rows,
        below=tuple(safe(line) for line in (*chain, told, f"rebuilds: {names}" if names else "") if line),
        hint=safe(upgrade_hint(change)),
    )


def _verb(change: Change) -> str:
    """Tell how a model gets there; what has no steps is done in our registry only."""
    making = {type(step): step for step in change.steps}
    create = making.get(Create)
    if isinstance(create, Create):
        return "build" if create.base else "import"
    if Install in making:
        return "install"
    if Pull in making:
        return "relay" if Upload in making else "pull"
    return change.action.value


def _detail(change: Change) -> str:
    reason, source = why(change), safe(source_text(change.after)) if change.after else ""
    match change.action:
        case Action.CREATE:
            return source if change.reasons == (Reason.NEW,) else f"{reason}: {source}"
        case Action.UPDATE:
            return f"{reason}: {source}" if MOVED & set(change.reasons) else reason
        case Action.REFUSE:
            return safe(change.note) or reason
        case Action.ADOPT | Action.FORGET | Action.TEST | Action.DELETE | Action.NO_OP:
            return reason
        case _:
            assert_never(change.action)


def _cost(plan: Plan, change: Change) -> str:
    cost, size = plan.cost(change), sum(needed_blobs(change.steps).values())
    if cost.disk < 0:
        return f"frees {human_bytes(-cost.disk)}"
    if not size:
        return ""
    most = "at most " if cost.at_most else ""
    if cost.transfer == size:
        return f"{most}{human_bytes(size)}"
    there = "already on host: " if not cost.transfer else "the rest is on host: "
    return f"{human_bytes(size)}  ({there}{most}{human_bytes(cost.transfer)} to move)"
