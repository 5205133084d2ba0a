"""What a plan would do, change by change, and what upstream offers: told once for all the hosts where it is the same.

The rows are those of the terminal. Pure.
"""

from collections.abc import Iterator, Sequence

from reconciler.core.change import Action
from reconciler.core.frozen import dataclass
from reconciler.report.fields import FieldRow
from reconciler.report.html.tags import NOTHING, Html, joined, name, tag, unseen
from reconciler.report.text import counted
from reconciler.report.view import OUTDATED, SYMBOLS, ChangeRow, PlanView

_OPEN = 12  # changes at most of which the fields are shown without a click
_NEWS = "outdated"
_NAMED = 8  # hosts that are named without one
_GROUPS = {
    Action.REFUSE: "Refused",
    Action.DELETE: "To delete",
    Action.UPDATE: "To update",
    Action.CREATE: "To create",
    Action.TEST: "To test",
    Action.ADOPT: "To put on record",
    Action.FORGET: "To forget",
}  # in this order: what is refused and what is lost comes first
_END = Html("\n")
_KINDS = {"+": "add", "-": "remove", "@": "place"}  # of lines in a difference


@dataclass(frozen=True, slots=True)
class Told:
    """One row and the hosts for which it says the same, sorted; `anchor` names its place in the page."""

    row: ChangeRow
    hosts: tuple[str, ...]
    anchor: str


def gathered(shown: PlanView) -> tuple[Told, ...]:
    """Return every row of a plan once."""
    found: dict[ChangeRow, list[str]] = {}
    for host in shown.hosts:
        for row in host.rows:
            found.setdefault(row, []).append(host.name)
    return tuple(Told(row, tuple(hosts), f"c{place}") for place, (row, hosts) in enumerate(found.items(), 1))


def anchors(told: Sequence[Told]) -> dict[tuple[str, str], str]:
    """Return where each host's model is told of; what is done about it goes before what is outdated."""
    last_first = sorted(told, key=lambda item: item.row.symbol != OUTDATED)
    return {(host, item.row.name): item.anchor for item in last_first for host in item.hosts}


def pending(told: Sequence[Told]) -> Html:
    """Return the section with what would be done and what is refused."""
    parts: list[Html] = []
    for action, title in _GROUPS.items():
        here = [item for item in told if item.row.symbol == SYMBOLS[action]]
        if here:
            models = sum(len(item.hosts) for item in here)
            parts.append(tag("h3", f"{title} ", tag("small", f"{models:,}"), class_=action.value))
            parts += _articles(here, action.value, opened=len(told) <= _OPEN)
    inside = parts or [tag("p", "Nothing.")]
    return tag("section", tag("h2", "Plan"), *inside, id="plan")


def news(told: Sequence[Told]) -> Html:
    """Return the section with what upstream offers instead of what is locked, or nothing where that is the same."""
    here = [item for item in told if item.row.symbol == OUTDATED]
    if not here:
        return NOTHING
    lead = tag("p", "It stays as it is locked until somebody moves the lock.")
    return tag(
        "section", tag("h2", "New upstream"), lead, *_articles(here, _NEWS, opened=len(told) <= _OPEN), id="news"
    )


def _articles(told: Sequence[Told], kind: str, *, opened: bool) -> list[Html]:
    return [_article(item, kind, opened=opened) for item in told]


def _article(item: Told, kind: str, *, opened: bool) -> Html:
    row = item.row
    mark, model, verb = tag("i", row.symbol, aria_hidden="true"), name(row.name, class_="model"), tag("span", row.verb)
    title = tag("h3" if kind == _NEWS else "h4", mark, " ", model, " ", verb, class_="what")
    cost = tag("p", row.cost + (" on each" if len(item.hosts) > 1 else ""), class_="cost") if row.cost else NOTHING
    detail = tag("p", name(row.detail), class_="detail") if row.detail else NOTHING
    below = tag("ul", *(tag("li", name(line)) for line in row.below), class_="below") if row.below else NOTHING
    hint = tag("p", tag("b", "Hint "), name(row.hint), class_="hint") if row.hint else NOTHING
    inside = title, cost, _hosts(item.hosts), detail, below, hint, _fields(row.fields, opened=opened)
    return tag("article", *inside, class_=kind, id=item.anchor)


def _hosts(hosts: Sequence[str]) -> Html:
    first = joined((name(host) for host in hosts[:_NAMED]), ", ")
    if len(hosts) <= _NAMED:
        return tag("p", "on ", first, class_="hosts")
    rest = tag("details", tag("summary", counted(len(hosts), "host")), joined(map(name, hosts), ", "))
    return tag("div", rest, class_="hosts")


def _fields(rows: Sequence[FieldRow], *, opened: bool) -> Html:
    if not rows:
        return NOTHING
    title = tag("summary", counted(len(rows), "field"))
    return tag(
        "details", title, tag("dl", *(part for row in rows for part in _field(row))), class_="fields", open=opened
    )


def _field(row: FieldRow) -> Iterator[Html]:
    drifted = tag("span", "drifted", class_="drifted") if row.drifted else NOTHING
    yield tag("dt", name(row.path), " ", drifted)
    if row.lines:
        yield tag("dd", tag("pre", *map(_line, row.lines)))
    elif row.told:
        yield tag("dd", name(row.told))
    else:
        after = tag("ins", name(row.after))
        yield tag(
            "dd", tag("del", name(row.before)), unseen(" becomes "), tag("span", " → ", aria_hidden="true"), after
        )


def _line(line: str) -> Html:
    return tag("span", line, _END, class_=_KINDS.get(line[:1], ""))
