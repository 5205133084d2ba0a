"""The latest runs, as a table and as a chart. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.core.frozen import dataclass
from reconciler.core.outcome import Status
from reconciler.ports import Event, Run
from reconciler.report.html.chart import Bar, chart
from reconciler.report.html.tags import Html, name, tag
from reconciler.report.text import human_bytes

_HEADS = ("Began (UTC)", "Came of it", "Applied", "Failed", "Skipped", "Refused", "Moved", "Took", "By", "Run")


@dataclass(frozen=True, slots=True)
class _Told:
    """One run with what came of it."""

    run: Run
    counts: dict[Status, int]
    moved: int  # bytes


def history(runs: Sequence[Run], events: Iterable[Event]) -> Html:
    """Return the section about these runs, which come newest first."""
    title = tag("h2", "History ", tag("small", f"the latest {len(runs)} runs" if len(runs) > 1 else ""))
    told = _told(runs, events)
    if not told:
        return tag("section", title, tag("p", "No run is on record."), id="history")
    bars = [Bar(time(item.run.started_at), item.run.status, item.counts, item.moved) for item in reversed(told)]
    table = tag("details", tag("summary", "The same as a table"), _table(told))
    return tag("section", title, chart(bars), table, id="history")


def time(text: str) -> str:
    """Return a time as people read it, to the minute."""
    return text[:16].replace("T", " ")


def _told(runs: Sequence[Run], events: Iterable[Event]) -> list[_Told]:
    by_run: dict[str, list[Event]] = {run.id: [] for run in runs}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    return [_of(run, by_run[run.id]) for run in runs]


def _of(run: Run, events: Sequence[Event]) -> _Told:
    found = [event.outcome for event in events]
    counts = {status: sum(item.status is status for item in found) for status in Status}
    return _Told(run, counts, sum(item.moved for item in found))


def _table(told: Sequence[_Told]) -> Html:
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in _HEADS)))
    table = tag("table", tag("caption", "Runs, newest first", class_="unseen"), head, tag("tbody", *map(_row, told)))
    return tag("div", table, class_="scroll", role="region", aria_label="Runs", tabindex="0")


def _row(item: _Told) -> Html:
    run = item.run
    began = tag("th", tag("time", time(run.started_at), datetime=run.started_at), scope="row")
    numbers = *(f"{item.counts[status]:,}" for status in Status), human_bytes(item.moved), _took(run)
    cells = (tag("td", number, class_="number") for number in numbers)
    return tag("tr", began, tag("td", name(run.status)), *cells, tag("td", name(run.actor)), tag("td", name(run.id)))


def _took(run: Run) -> str:
    """Return how long a run took; nothing for one without an end."""
    if run.ended_at is None:
        return ""
    seconds = (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
