"""Plans, runs and states as text for a terminal or a file, with colours or without.

Plain strings are enough for that; rich is kept for what moves, in `progress`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.names import HostName
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import Plan
from reconciler.errors import ReconcilerError
from reconciler.report.fold import laid_out
from reconciler.report.lines import WIDEST, field_lines, hint_lines
from reconciler.report.matrix import COLOURS, Matrix, legend_lines, matrix_lines, notes
from reconciler.report.outcomes import outcome_sentence, run_incomplete, run_sentence
from reconciler.report.paint import Colour, Paint
from reconciler.report.records import history_text, record_text, registry_text
from reconciler.report.sentences import as_of_text
from reconciler.report.status import State, StatusRow, status_rows
from reconciler.report.text import aligned, counted, document, safe, without_login
from reconciler.report.upstream_text import diff_text
from reconciler.report.view import OUTDATED, SYMBOLS, ChangeRow, HostRows, view

__all__ = [
    "diagnostics_text",
    "diff_text",
    "error_text",
    "history_text",
    "plan_text",
    "record_text",
    "registry_text",
    "run_text",
    "status_text",
]

_SYMBOLS = {
    "+": Colour.GREEN,
    "~": Colour.YELLOW,
    "-": Colour.RED,
    "=": Colour.CYAN,
    ".": Colour.CYAN,
    "?": Colour.YELLOW,
    "!": Colour.MAGENTA,
    OUTDATED: Colour.YELLOW,
}
_ENDS = {
    Status.APPLIED: Colour.GREEN,
    Status.FAILED: Colour.RED,
    Status.SKIPPED: Colour.YELLOW,
    Status.REFUSED: Colour.MAGENTA,
}


def plan_text(plan: Plan, *, colour: bool, registry: str = "", columns: int = 0) -> str:
    """Return a plan as text: host by host what would change and why, and the summary at the end."""
    paint, shown = Paint(colour), view(plan, registry)
    lines = [line for host in shown.hosts for line in (*_host(host, paint), "")]
    lines += [paint(Colour.RED, f"unsafe: {violation}") for violation in shown.violations]
    return laid_out((*lines, *shown.sentences), columns)


def run_text(result: RunResult, *, colour: bool, columns: int = 0) -> str:
    """Return what came of a run as text: host by host each outcome, and the counts at the end."""
    paint = Paint(colour)
    lines: list[str] = []
    for host, outcomes in groupby(result.outcomes, key=lambda outcome: outcome.address.host):
        lines += [paint(Colour.BOLD, f"host {safe(host)}"), "", *_outcomes(tuple(outcomes), paint), ""]
    return laid_out((*lines, *filter(None, (run_sentence(result), run_incomplete(result)))), columns)


def status_text(plan: Plan, *, colour: bool, columns: int = 0) -> str:
    """Return how every model stands, and the counts at the end.

    Several hosts make a matrix, if it fits; a single one is a list, and so are hosts that have no room beside names.
    """
    paint, rows = Paint(colour), status_rows(plan)
    heads = {host.host: _head(host.host, host.url, f"ollama {host.version}") for host in plan.hosts}
    heads.update({host.host: _head(host.host, host.url, State.UNREACHABLE.name) for host in plan.unobserved})
    matrix = matrix_lines(Matrix.of(rows, sorted(heads)), paint, columns) if len(heads) > 1 else []
    if matrix:
        lines = [*_heads(heads, rows, paint), "", *matrix, *_section(notes(rows)), "", *legend_lines(rows, paint), ""]
    else:
        lines = [line for host in sorted(heads) for line in _host_states(heads[host], host, rows, paint)]
    counts = Counter(row.state for row in rows)
    told = ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
    return laid_out((*lines, f"{told or 'no models'}.", *filter(None, [as_of_text(plan)])), columns)


def diagnostics_text(findings: Iterable[object], *, colour: bool, columns: int = 0) -> str:
    """Return findings about manifests, a line or two each, and how many there are."""
    paint, found = Paint(colour), [item for item in findings if isinstance(item, Diagnostic)]
    lines = [paint(_severity(item), line) for item in found for line in _finding(item)]
    counts = Counter(item.severity for item in found)
    lines.append(", ".join(counted(counts[severity], severity) for severity in Severity if counts[severity]))
    return laid_out(lines, columns)


def error_text(error: ReconcilerError) -> str:
    """Return what went wrong, where, and what to do, on as many lines."""
    where = f"{error.where}: " if error.where else ""
    hint = (f"  hint: {error.hint}",) if error.hint else ()
    return document(safe(line) for line in (f"error: {where}{error.message}", *hint))


def _finding(item: Diagnostic) -> Iterator[str]:
    yield safe(f"{item.location}: {item.severity}: {item.message}")
    if item.hint:
        yield safe(f"  hint: {item.hint}")


def _severity(finding: Diagnostic) -> Colour:
    return Colour.RED if finding.severity is Severity.ERROR else Colour.YELLOW


def _head(name: str, url: str, what: str) -> tuple[str, ...]:
    return safe(f"host {name}"), safe(without_login(url)), safe(what)


def _host(host: HostRows, paint: Paint) -> Iterator[str]:
    if host.trouble:
        yield paint(Colour.BOLD, f"host {host.name}  {host.url}  NOT OBSERVED")
        yield ""
        yield paint(Colour.RED, f"  ! {host.trouble}")
        yield from hint_lines(host.hint)
        return
    yield paint(Colour.BOLD, f"host {host.name}  {host.url}  ollama {host.version}")
    yield ""
    cells = aligned(((row.name, row.verb, row.detail, row.cost) for row in host.rows), (WIDEST,) * 3)
    for row, shown in zip(host.rows, cells, strict=True):
        yield paint(_SYMBOLS[row.symbol], f"  {row.symbol} {'  '.join(shown).rstrip()}")
        yield from _below(row, paint)
    if host.quiet:
        yield f"    {host.quiet}"


def _below(row: ChangeRow, paint: Paint) -> Iterator[str]:
    yield from field_lines(row.fields, paint)
    for line in row.below:
        yield f"      {line}"
    yield from hint_lines(row.hint)


def _outcomes(outcomes: Sequence[Outcome], paint: Paint) -> Iterator[str]:
    cells = aligned((_outcome(item) for item in outcomes), (WIDEST,) * 3)
    for item, shown in zip(outcomes, cells, strict=True):
        yield paint(_ENDS[item.status], f"  {SYMBOLS[item.action]} {'  '.join(shown).rstrip()}")
        yield from hint_lines(safe(item.hint))


def _outcome(item: Outcome) -> tuple[str, ...]:
    return safe(str(item.address.model)), item.action.value, item.status.value, outcome_sentence(item)


def _host_states(head: Sequence[str], host: HostName, rows: Sequence[StatusRow], paint: Paint) -> Iterator[str]:
    yield from (paint(Colour.BOLD, "  ".join(head)), "", *_states([row for row in rows if row.host == host], paint), "")


def _heads(heads: Mapping[HostName, Sequence[str]], rows: Sequence[StatusRow], paint: Paint) -> Iterator[str]:
    """Yield each host, and why it does not answer."""
    silent = {row.host: row for row in rows if row.model is None}
    hosts = sorted(heads)
    for host, cells in zip(hosts, aligned((heads[host] for host in hosts), (WIDEST,) * 2), strict=True):
        yield paint(Colour.BOLD, "  ".join(cells))
        if host in silent:
            yield paint(Colour.RED, safe(f"      {silent[host].detail}"))
            yield from hint_lines(safe(silent[host].hint))


def _section(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines after an empty one, or nothing where there are none."""
    found = tuple(lines)
    return ("", *found) if found else ()


def _states(rows: Sequence[StatusRow], paint: Paint) -> Iterator[str]:
    if not rows:
        yield "  no models"
    shown = ((row.state.value, safe(str(row.model)) if row.model else "", safe(row.detail)) for row in rows)
    for row, cells in zip(rows, aligned(shown, (WIDEST,) * 2), strict=True):
        yield paint(COLOURS.get(row.state, Colour.YELLOW), f"  {'  '.join(filter(None, cells)).rstrip()}")
        yield from hint_lines(safe(row.hint))
