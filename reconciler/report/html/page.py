"""A whole page: how the fleet stands, what would be done, what happened. Pure, but for the two files beside it."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from reconciler import __version__
from reconciler.core.frozen import dataclass
from reconciler.core.plan import Plan
from reconciler.ports import Event, Lease, Run
from reconciler.report.html.changes import anchors, gathered, news, pending
from reconciler.report.html.fleet import fleet
from reconciler.report.html.history import history, time
from reconciler.report.html.standing import standing, trouble
from reconciler.report.html.tags import Html, joined, name, tag
from reconciler.report.html.verdict import Tone, tone, verdict
from reconciler.report.text import without_login
from reconciler.report.view import view

_MARKS = {Tone.GOOD: "✓", Tone.NEWS: "↑", Tone.DUE: "~", Tone.BAD: "!"}
_COLOURS = {Tone.GOOD: "1a7f4b", Tone.NEWS: "2563b0", Tone.DUE: "b25f00", Tone.BAD: "c0242b"}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a page tells."""

    plan: Plan
    at: str  # ISO 8601, UTC
    asked: tuple[str, ...]  # manifests and options, as they were given
    registry: str  # the address of our records
    runs: Sequence[Run] = ()  # newest first
    events: Sequence[Event] = ()  # of those runs
    leases: Sequence[Lease] = ()  # held now


def page(report: Report) -> str:
    """Return the report as a page that loads nothing, and in which nothing runs but its own few lines."""
    style, script = Html(_beside("page.css")), Html(_beside("page.js"))
    allowed = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=f"{allowed}; base-uri 'none'; form-action 'none'"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"reconciler: {verdict(report.plan)}"),
        tag("link", rel="icon", href=_icon(tone(report.plan))),
        tag("style", style),
    )
    body = tag("body", *_body(report), tag("script", script))
    return f"<!doctype html>\n{tag('html', tag('head', joined(head, chr(10))), body, lang='en').text}\n"


def _body(report: Report) -> tuple[Html, ...]:
    plan, shown = report.plan, view(report.plan, report.registry)
    told = gathered(shown)
    sections = (
        trouble(plan, shown),
        fleet(plan, anchors(told)),
        pending(told),
        news(told),
        history(report.runs, report.events),
        standing(plan, report.leases),
    )
    return (
        _header(report, shown.sentences),
        tag("main", joined(sections, "\n")),
        tag("footer", f"reconciler {__version__}. This page is one file: it loads nothing, and works without scripts."),
    )


def _header(report: Report, sentences: Sequence[str]) -> Html:
    kind = tone(report.plan)
    title = tag("h1", tag("i", _MARKS[kind], aria_hidden="true"), tag("span", verdict(report.plan)))
    lead = tag("ul", *(tag("li", name(text)) for text in sentences), class_="lead")
    facts = (
        ("Made", tag("time", f"{time(report.at)} UTC", datetime=report.at)),
        ("From", joined((name(text) for text in report.asked), " ")),
        ("Plan", tag("code", report.plan.fingerprint[:12])),
        ("Registry", joined(_registry(report))),
    )
    pairs = (tag("div", tag("dt", label), tag("dd", value)) for label, value in facts)
    return tag(
        "header", tag("p", "reconciler report", class_="kicker"), title, lead, tag("dl", *pairs), class_=kind.value
    )


def _registry(report: Report) -> tuple[Html | str, ...]:
    plan, address = report.plan, name(without_login(report.registry))
    if not plan.lineage:
        return address, ", which does not exist yet"
    return address, ", lineage ", tag("code", plan.lineage), f", serial {plan.serial}"


@cache
def _beside(file: str) -> str:
    return files("reconciler.report.html").joinpath(file).read_text(encoding="utf-8")


def _hash(content: Html) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.text.encode()).digest()).decode()}'"


def _icon(kind: Tone) -> str:
    disc = f"<circle cx='4.5' cy='4.5' r='4' fill='%23{_COLOURS[kind]}'/>"
    return f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{disc}</svg>"
