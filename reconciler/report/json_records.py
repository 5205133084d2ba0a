"""What is on record, for machines: the models that we own, and the history of runs."""

from collections.abc import Sequence

from reconciler.core.state import Recorded, RecordedState
from reconciler.ports import Event, Run
from reconciler.report.json_parts import Json, chain_json, given, outcome_json, report, text

_PINS = ("commit", "file", "manifest", "revision", "sha256")  # of a record's provenance, for the list of models


def registry_list_json(recorded: RecordedState) -> str:
    """Return every model that we own, by `ollama:NAME`; what it is made of is told by the host that got it last."""
    models: dict[str, list[Recorded]] = {}
    for record in recorded.records:
        models.setdefault(f"ollama:{record.address.model}", []).append(record)
    return text(
        {
            name: {"provider": "ollama", "status": "available", "metadata": _metadata(records)}
            for name, records in sorted(models.items())
        }
    )


def history_json(runs: Sequence[Run], events: Sequence[Event]) -> str:
    """Return runs and outcomes, newest first."""
    outcomes = [{"run": event.run, "at": event.at, **outcome_json(event.outcome)} for event in events]
    return report("history", {"runs": [_run(run) for run in runs], "outcomes": outcomes})


def _metadata(records: Sequence[Recorded]) -> Json:
    latest = max(records, key=lambda record: (record.applied_at, record.address))
    pinned = dict(latest.provenance)
    return given(
        source=latest.source,
        huggingface_id=pinned.get("repo") if latest.source == "huggingface" else None,
        reference=latest.reference,
        sources=chain_json(latest.sources),
        **{key: pinned.get(key) for key in _PINS},
        kind=latest.kind.value,
        base=str(latest.base) if latest.base else None,
        size=latest.size,
        hosts={record.address.host: _there(record) for record in records},
    )


def _there(record: Recorded) -> Json:
    """Return what one host has."""
    base = str(record.base_digest) if record.base_digest else None
    return given(
        digest=str(record.digest), base_digest=base, applied_at=record.applied_at, untested=record.untested or None
    )


def _run(run: Run) -> Json:
    told = given(id=run.id, started_at=run.started_at, ended_at=run.ended_at, status=run.status)
    return {**told, "plan": run.plan, "actor": run.actor}
