"""A plan as a comment on a pull request, in GitHub's Markdown: the verdict first, and the loud before the rest. Pure.

The first line is a comment in the text, the same for every plan of the same manifests, by which a program finds the
comment that it has to replace.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.core.change import Action
from reconciler.core.facts import ABSENT
from reconciler.core.plan import Plan
from reconciler.report.capped import Group, Piece, Weight
from reconciler.report.comment import alarm, folded, hint, silent, whole
from reconciler.report.fields import FieldRow, value_text
from reconciler.report.graph import drawings, mermaid
from reconciler.report.marks import code, fenced, prose
from reconciler.report.sentences import as_of_text, incomplete, notes, summary, unsafe
from reconciler.report.text import counted
from reconciler.report.view import OUTDATED, SYMBOLS, ChangeRow, HostRows, PlanView, view

_NAMED = 10  # hosts that one title names
_SEEN = 25  # changes on a host that are seen without a click
_DRAWN = 25  # boxes of a graph, at the most
_LOUD = {SYMBOLS[Action.DELETE]: Weight.DELETE, SYMBOLS[Action.REFUSE]: Weight.REFUSAL}
_COUNTS = re.compile(r"\d+ (?:to delete|refused)")
_NOTHING = value_text(ABSENT)
_TABLE = "| | model | action | why | bytes | disk |\n|---|---|---|---|--:|--:|\n"


def plan_markdown(plan: Plan, name: str, registry: str = "") -> str:
    """Return a plan as a comment; `name` says what was planned, and tells this comment from others."""
    shown = view(plan, registry)
    doubts = "**Unsafe.** " * bool(plan.violations) + "**Incomplete.** " * (not plan.complete)
    verdict = doubts + _COUNTS.sub(r"**\g<0>**", summary(plan))
    groups = (*_alarms(plan, shown), *_hosts(shown.hosts), _news(shown.hosts), _graph(plan, shown))
    told = "".join(f"- {prose(note)}\n" for note in notes(plan, registry))
    mark = f"<sub>{code(f'reconciler plan {name}')}, fingerprint `{plan.fingerprint[:12]}`</sub>\n"
    return whole(f"plan: {name}", verdict, groups, f"{told}\n{mark}".lstrip("\n"))


def _alarms(plan: Plan, shown: PlanView) -> Iterator[Group]:
    """Yield why a plan is unsafe, what it does not know, and how old what it knows is."""
    yield alarm("CAUTION", unsafe(plan), map(prose, shown.violations))
    yield alarm("WARNING", incomplete(plan), silent(plan))
    yield alarm("NOTE", as_of_text(plan), ())


def _hosts(hosts: Sequence[HostRows]) -> Iterator[Group]:
    """Yield what changes on each host, told once for all hosts where it is the same; the loud ones come first."""
    alike: dict[tuple[tuple[ChangeRow, ...], str], list[HostRows]] = {}
    for host in hosts:
        if not host.trouble:
            alike.setdefault((tuple(row for row in host.rows if row.symbol != OUTDATED), host.quiet), []).append(host)
    weighed = [(min(map(_weight, rows), default=Weight.QUIET), rows, same) for (rows, _), same in alike.items()]
    for _, rows, same in sorted(weighed, key=lambda item: item[0]):
        if rows:
            yield from (replace(part, title=_title(same)) for part in _parts(sorted(rows, key=_weight), len(same)))
        else:
            yield Group((Piece(Weight.QUIET, _title(same), len(same)),))


def _parts(rows: Sequence[ChangeRow], hosts: int) -> Iterator[Group]:
    """Yield the rows of so many hosts as a table, and what is told below each of them.

    Where they are many, those that are not loud are folded up in a table of their own.
    """
    cells = [Piece(_weight(row), _cells(row), hosts) for row in rows]
    seen = sum(row.symbol in _LOUD for row in rows) if len(rows) > _SEEN else len(rows)
    yield Group(tuple(cells[:seen]), _TABLE, "\n")
    more = counted(len(rows) - seen, "change")
    yield folded(f"{more} that delete and refuse nothing", cells[seen:], f"\n{_TABLE}")
    yield folded("Details", [Piece(Weight.FIELDS, text, hosts) for row in rows if (text := _fields(row))])


def _weight(row: ChangeRow) -> Weight:
    return _LOUD.get(row.symbol, Weight.CHANGE)


def _title(hosts: Sequence[HostRows]) -> str:
    first, names = hosts[0], ", ".join(code(host.name) for host in hosts[:_NAMED])
    quiet = f": {first.quiet}" if first.quiet else ""
    if len(hosts) == 1:
        return f"**Host {names}** {code(first.url)}, ollama {prose(first.version)}{quiet}\n\n"
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return f"**{len(hosts)} hosts alike:** {names}{more}{quiet}\n\n"


def _cells(row: ChangeRow) -> str:
    """Return a row of the table; what is deleted or refused is told there with all that belongs to it."""
    loud = row.symbol in _LOUD
    why = "<br>".join(map(prose, (row.detail, *row.below))) + hint(row.hint) if loud else prose(row.detail)
    cost = "" if row.disk and row.symbol == SYMBOLS[Action.DELETE] else row.cost
    first = (code(row.symbol), code(row.name), row.verb)
    return f"| {' | '.join((*(f'**{cell}**' if loud else cell for cell in first), why, prose(cost), row.disk))} |\n"


def _fields(row: ChangeRow) -> str:
    """Return what is told below a row, and how each field changes; empty where that is nothing."""
    below = () if row.symbol in _LOUD else (*row.below, *((f"hint: {row.hint}",) if row.hint else ()))
    if not below and not row.fields:
        return ""
    lines = "".join(f"- {prose(line)}\n" for line in below)
    diff = fenced((line for field in row.fields for line in _diff(field)), "diff") if row.fields else ""
    return "\n".join(("", *filter(None, (f"**{code(row.name)}**\n", lines, diff))))


def _diff(field: FieldRow) -> Iterator[str]:
    label = f"drifted: {field.path}" if field.drifted else field.path
    first, *more = field.lines or ("",)
    if first:
        yield f"{first} {label}" if first.startswith("@") else f"# {label}: {first}"
        yield from more
    elif field.told:
        yield f"  {label}  {field.told}"
    else:
        yield from (f"- {label}  {field.before}",) * (field.before != _NOTHING)
        yield from (f"+ {label}  {field.after}",) * (field.after != _NOTHING)


def _news(hosts: Sequence[HostRows]) -> Group:
    """Return what upstream offers instead of what is locked; none of it is applied."""
    rows = dict.fromkeys(row for host in hosts for row in host.rows if row.symbol == OUTDATED)
    texts = (_fields(replace(row, below=(f"{row.detail}, {row.cost}", *row.below))) for row in rows)
    return folded("Outdated: what upstream offers instead", [Piece(Weight.NEWS, text) for text in texts])


def _graph(plan: Plan, shown: PlanView) -> Group:
    """Return what is built on what, which GitHub draws; nothing where nothing is, or where it is too much to see."""
    nodes = [node for drawing in drawings(plan) for node in drawing.nodes]
    if not shown.hosts or len(nodes) > _DRAWN or not any(change.base for change in plan.changes):
        return Group(())
    return folded("Graph", [Piece(Weight.GRAPH, f"\n{fenced(mermaid(plan).splitlines(), 'mermaid')}")])
