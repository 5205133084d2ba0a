"""What is on record, as text: the models that we own, one of them in full, and the history of runs."""

import json
from collections.abc import Iterator, Sequence

from reconciler.core.facts import Fact, Facts
from reconciler.core.state import Recorded, RecordedState
from reconciler.ports import Event, Run
from reconciler.report.fold import laid_out
from reconciler.report.sentences import chain_lines, source_text
from reconciler.report.text import aligned, counted, human_bytes, safe

_HEAD = ("MODEL", "HOST", "SIZE", "DIGEST", "APPLIED", "SOURCE")
_WIDEST = 48  # columns that one cell may claim from its whole column


def registry_text(recorded: RecordedState, columns: int = 0) -> str:
    """Return every model that we own, a line each, and how many there are."""
    rows = aligned((_HEAD, *(_row(record) for record in recorded.records)), (_WIDEST,) * 5)
    lines = ["  ".join(row).rstrip() for row in rows] if recorded.records else []
    return laid_out((*lines, f"{counted(len(recorded.records), 'model')} on record."), columns)


def record_text(record: Recorded, columns: int = 0) -> str:
    """Return everything on record about one model on one host."""
    pairs = (
        ("kind", record.kind.value),
        ("source", source_text(record)),
        ("digest", str(record.digest)),
        ("size", human_bytes(record.size)),
        ("applied", record.applied_at),
        ("fingerprint", record.fingerprint),
        ("base", str(record.base) if record.base else ""),
        ("base digest", str(record.base_digest) if record.base_digest else ""),
        ("protected", "yes" if record.protect else ""),
        ("test", "has not passed" if record.untested else ""),
    )
    chain = (f"  {safe(line)}" for line in chain_lines(record.sources))
    rows = aligned(((label, safe(value)) for label, value in pairs if value), (_WIDEST,))
    lists = (*_facts("provenance", record.provenance), *_facts("content", record.content))
    return laid_out((safe(str(record.address)), *(f"  {'  '.join(row)}" for row in rows), *chain, *lists), columns)


def history_text(runs: Sequence[Run], events: Sequence[Event], columns: int = 0) -> str:
    """Return the runs, newest first, each with what came of its changes; outcomes of other runs follow."""
    by_run: dict[str, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    lines = [line for run in runs for line in (_run(run), *_events(by_run.pop(run.id, [])))]
    lines += [line for name, found in by_run.items() for line in (f"run {safe(name)}", *_events(found))]
    return laid_out(lines or ["Nothing is on record."], columns)


def _row(record: Recorded) -> tuple[str, ...]:
    return (
        safe(str(record.address.model)),
        safe(record.address.host),
        human_bytes(record.size),
        record.digest.short,
        safe(record.applied_at),
        safe(source_text(record)),
    )


def _facts(title: str, pairs: Facts) -> Iterator[str]:
    if pairs:
        yield f"  {title}"
    for path, value in aligned(((safe(path), safe(_exact(value))) for path, value in pairs), (_WIDEST,)):
        yield f"    {path}  {value}"


def _exact(value: Fact) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _run(run: Run) -> str:
    ended = f"ended {run.ended_at}" if run.ended_at else "without an end"
    return safe(f"run {run.id}  {run.started_at}  {run.status}, {ended}  by {run.actor}, plan {run.plan[:12]}")


def _events(events: Sequence[Event]) -> Iterator[str]:
    rows = ((safe(str(event.outcome.address)), *_outcome(event)) for event in events)
    for row in aligned(rows, (_WIDEST,) * 4):
        yield f"  {'  '.join(row).rstrip()}"


def _outcome(event: Event) -> tuple[str, ...]:
    outcome = event.outcome
    told = outcome.message or (outcome.digest.short if outcome.digest else "")
    return outcome.action.value, outcome.status.value, safe(event.at), safe(told)
