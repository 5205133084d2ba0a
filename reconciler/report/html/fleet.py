"""The fleet as a table: how each model stands on each host. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName, ModelName
from reconciler.core.plan import Plan
from reconciler.report.html.tags import Html, joined, name, tag
from reconciler.report.status import MARKS, State, StatusRow, status_rows
from reconciler.report.text import counted, without_login

_WORDS = 6  # hosts at most with which a cell has room for its words
_QUIET = (State.UNDECLARED, State.UNMANAGED, State.IN_SYNC)
_GROUPS = ("to look at", "in sync", "no longer declared", "not managed")

Anchors = Mapping[tuple[str, str], str]  # by host and model: where the page tells more
_States = Mapping[HostName, State]


@dataclass(frozen=True, slots=True)
class _Column:
    """One host."""

    host: HostName
    answers: bool


def fleet(plan: Plan, anchors: Anchors) -> Html:
    """Return the section with the table of models and hosts."""
    columns, rows = _columns(plan), status_rows(plan)
    states = _states(rows)
    title = f"{counted(len(states), 'model')} on {counted(len(columns), 'host')}"
    head = tag("h2", "Fleet ", tag("small", title), id="fleet-title")
    table = _table(columns, states, anchors) if states else (tag("p", "There are no models."),)
    return tag("section", head, _tally(rows), *table, _hosts(plan), id="fleet")


def _tally(rows: Sequence[StatusRow]) -> Html:
    """Return how many models are in each state, which explains the marks as well."""
    counts = Counter(row.state for row in rows)
    shown = (
        tag("li", _mark(state), tag("b", f"{counts[state]:,}"), f" {state.value}", class_=_class(state))
        for state in State
        if counts[state]
    )
    return tag("ul", *shown, class_="tally")


def _columns(plan: Plan) -> list[_Column]:
    there = (_Column(host.host, answers=True) for host in plan.hosts)
    silent = (_Column(host.host, answers=False) for host in plan.unobserved)
    return sorted((*there, *silent), key=lambda column: column.host)


def _states(rows: Sequence[StatusRow]) -> dict[ModelName, dict[HostName, State]]:
    found: dict[ModelName, dict[HostName, State]] = {}
    for row in rows:
        if row.model is not None:
            found.setdefault(row.model, {})[row.host] = row.state
    return found


def _table(columns: Sequence[_Column], states: Mapping[ModelName, _States], anchors: Anchors) -> tuple[Html, ...]:
    """Return the models by what there is to do about them, each group sorted by name, with a box to filter them."""
    groups: dict[str, list[Html]] = {group: [] for group in _GROUPS}
    for model, here in sorted(states.items()):
        head = tag("th", name(str(model)), scope="row")
        groups[_group(set(here.values()))].append(tag("tr", head, *_cells(model, here, columns, anchors)))
    bodies = (_body(group, lines, len(columns) + 1) for group, lines in groups.items() if lines)
    caption = tag("caption", "How each model stands on each host", class_="unseen")
    table = tag("table", caption, _head(columns), *bodies, class_="matrix dense" if len(columns) > _WORDS else "matrix")
    return _filter(), tag("div", table, class_="scroll", role="region", aria_labelledby="fleet-title", tabindex="0")


def _group(states: set[State]) -> str:
    if states - set(_QUIET):
        return "to look at"
    return next(state.value for state in (State.UNDECLARED, State.IN_SYNC, State.UNMANAGED) if state in states)


def _head(columns: Sequence[_Column]) -> Html:
    return tag("thead", tag("tr", tag("th", "Model", scope="col"), *map(_host_head, columns)))


def _host_head(column: _Column) -> Html:
    if column.answers:
        return tag("th", name(column.host), scope="col")
    return tag("th", name(column.host), tag("small", State.UNREACHABLE.value), scope="col", class_="out")


def _body(group: str, lines: Sequence[Html], width: int) -> Html:
    title = tag("th", tag("span", f"{len(lines):,} {group}"), scope="rowgroup", colspan=width)
    return tag("tbody", tag("tr", title, class_="group"), joined(lines, "\n"))


def _cells(model: ModelName, here: _States, columns: Sequence[_Column], anchors: Anchors) -> Iterator[Html]:
    for column in columns:
        state = here.get(column.host) if column.answers else State.UNREACHABLE
        if state is None:
            yield tag("td")
            continue
        anchor = anchors.get((column.host, str(model)), "")
        content = _mark(state), tag("span", state.value)
        inside = tag("a", *content, href=f"#{anchor}") if anchor else joined(content)
        yield tag("td", inside, class_=_class(state))


def _filter() -> Html:
    """Return a box that is hidden until the script of the page shows it."""
    box = tag("input", id="filter", type="search", autocomplete="off", placeholder="part of a name, or a state")
    return tag("p", tag("label", "Filter ", box), " ", tag("output", id="filtered", for_="filter"), hidden=True)


def _hosts(plan: Plan) -> Html:
    heads = ("Host", "Address", "Ollama", "In sync", "Not managed", "No longer declared")
    there = {
        host.host: _host(host.host, host.url, host.version, host.in_sync, len(host.unmanaged), len(host.undeclared))
        for host in plan.hosts
    }
    silent = {host.host: _host(host.host, host.url, State.UNREACHABLE.value) for host in plan.unobserved}
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in heads)))
    body = tag("tbody", *(row for _, row in sorted({**there, **silent}.items())))
    table = tag("table", tag("caption", "Hosts", class_="unseen"), head, body)
    inside = tag("div", table, class_="scroll", role="region", aria_label="Hosts", tabindex="0")
    return tag("details", tag("summary", "Hosts and their versions"), inside)


def _host(host: str, url: str, version: str, *counts: int) -> Html:
    cells = (tag("td", f"{count:,}", class_="number") for count in counts)
    texts = tag("th", name(host), scope="row"), tag("td", name(without_login(url))), tag("td", name(version))
    return tag("tr", *texts, *cells, *(tag("td") for _ in range(3 - len(counts))))


def _mark(state: State) -> Html:
    return tag("i", MARKS[state], aria_hidden="true")


def _class(state: State) -> str:
    return state.name.lower()
