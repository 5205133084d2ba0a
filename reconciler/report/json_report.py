"""The reports for machines: versioned JSON, as `schemas/report.schema.json` describes it.

Absent values are left out; null is a value that a parameter may have. Bytes and seconds
are numbers. Everything is ASCII, so that no terminal can be fooled by it.
"""

import json
from collections import Counter
from collections.abc import Sequence

from reconciler.core.change import Action, Change
from reconciler.core.facts import Absent, FieldChange
from reconciler.core.names import Address
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import HostView, Plan
from reconciler.core.state import Desired, Recorded, RecordedState, Unobserved
from reconciler.ports import Event, Run
from reconciler.report.status import State, StatusRow, status_rows
from reconciler.report.text import without_login

FORMAT_VERSION = "1.0"

_Json = dict[str, object]
_PINS = ("commit", "file", "manifest", "revision", "sha256")  # of a record's provenance, for the list of models


def plan_json(plan: Plan) -> str:
    """Return a whole plan, changes that do nothing included."""
    actions = Counter(change.action for change in plan.changes)
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "report": "plan",
            "complete": plan.complete,
            "safe": not plan.violations,
            "fingerprint": plan.fingerprint,
            **_given(lineage=plan.lineage),
            "serial": plan.serial,
            "summary": {action.value: actions[action] for action in Action},
            "transfer": plan.total.transfer,
            "disk": plan.total.disk,
            "hosts": [_host(host) for host in plan.hosts],
            "unobserved": [_unobserved(host) for host in plan.unobserved],
            "violations": [
                {"where": item.where, "check": item.check, "message": item.message} for item in plan.violations
            ],
            "changes": [_change(plan, change) for change in plan.changes],
        }
    )


def run_json(plan: Plan, result: RunResult) -> str:
    """Return what came of a run of this plan."""
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "report": "run",
            "run": result.run,
            "plan": plan.fingerprint,
            "complete": result.complete,
            "good": result.good,
            "summary": {status.value: result.count(status) for status in Status},
            "unobserved": [_unobserved(host) for host in plan.unobserved],
            "outcomes": [_outcome(outcome) for outcome in result.outcomes],
        }
    )


def status_json(plan: Plan) -> str:
    """Return how every model stands on every host."""
    rows = status_rows(plan)
    states = Counter(row.state for row in rows)
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "report": "status",
            "complete": plan.complete,
            "summary": {_state(state): states[state] for state in State},
            "rows": [_status(row) for row in rows],
        }
    )


def registry_list_json(recorded: RecordedState) -> str:
    """Return every model that we own, by `ollama:NAME`; what it is made of is told by the host that got it last."""
    models: dict[str, list[Recorded]] = {}
    for record in recorded.records:
        models.setdefault(f"ollama:{record.address.model}", []).append(record)
    return _text(
        {
            name: {"provider": "ollama", "status": "available", "metadata": _metadata(records)}
            for name, records in sorted(models.items())
        }
    )


def history_json(runs: Sequence[Run], events: Sequence[Event]) -> str:
    """Return runs and outcomes, newest first."""
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "report": "history",
            "runs": [_run(run) for run in runs],
            "outcomes": [{"run": event.run, "at": event.at, **_outcome(event.outcome)} for event in events],
        }
    )


def _address(address: Address) -> _Json:
    return {"host": address.host, "model": str(address.model)}


def _host(host: HostView) -> _Json:
    return {
        "name": host.host,
        "url": without_login(host.url),
        "version": host.version,
        "in_sync": host.in_sync,
        "unmanaged": [str(name) for name in host.unmanaged],
        "undeclared": [str(name) for name in host.undeclared],
    }


def _unobserved(host: Unobserved) -> _Json:
    return _given(name=host.host, url=without_login(host.url), message=host.message, hint=host.hint)


def _change(plan: Plan, change: Change) -> _Json:
    cost = plan.cost(change)
    stages = {item.address: number for number, stage in enumerate(plan.stages, 1) for item in stage}
    return {
        **_address(change.address),
        "action": change.action.value,
        "reasons": [reason.value for reason in change.reasons],
        **_given(
            stage=stages.get(change.address),
            before=str(change.before) if change.before else None,
            desired=_desired(change.after) if change.after else None,
            base=str(change.base) if change.base else None,
            fields=[_field(field) for field in change.fields],
            drift=[_field(field) for field in change.drift],
            note=change.note,
            hint=change.hint,
        ),
        "transfer": cost.transfer,
        "disk": cost.disk,
    }


def _desired(entry: Desired) -> _Json:
    return {
        "kind": entry.kind.value,
        "fingerprint": entry.fingerprint,
        "source": entry.source,
        "reference": entry.reference,
        "provenance": dict(entry.provenance),
        "location": str(entry.location),
    }


def _field(field: FieldChange) -> _Json:
    sides = {"before": field.before, "after": field.after}
    return {"path": field.path, **{side: value for side, value in sides.items() if not isinstance(value, Absent)}}


def _outcome(outcome: Outcome) -> _Json:
    return {
        **_address(outcome.address),
        "action": outcome.action.value,
        "status": outcome.status.value,
        **_given(digest=str(outcome.digest) if outcome.digest else None, message=outcome.message, hint=outcome.hint),
        "moved": outcome.moved,
        "seconds": round(outcome.seconds, 3),
    }


def _status(row: StatusRow) -> _Json:
    model = str(row.model) if row.model else None
    return {
        "host": row.host,
        **_given(model=model),
        "state": _state(row.state),
        **_given(detail=row.detail, hint=row.hint),
    }


def _state(state: State) -> str:
    return state.name.lower()


def _metadata(records: Sequence[Recorded]) -> _Json:
    latest = max(records, key=lambda record: (record.applied_at, record.address))
    pinned = dict(latest.provenance)
    return _given(
        source=latest.source,
        huggingface_id=pinned.get("repo") if latest.source == "huggingface" else None,
        reference=latest.reference,
        **{key: pinned.get(key) for key in _PINS},
        kind=latest.kind.value,
        base=str(latest.base) if latest.base else None,
        size=latest.size,
        hosts={
            record.address.host: {"digest": str(record.digest), "applied_at": record.applied_at} for record in records
        },
    )


def _run(run: Run) -> _Json:
    told = _given(id=run.id, started_at=run.started_at, ended_at=run.ended_at, status=run.status)
    return {**told, "plan": run.plan, "actor": run.actor}


def _given(**values: object) -> _Json:
    """Return what is there: absent, empty and unknown values are left out."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [])}


def _text(report: _Json) -> str:
    return json.dumps(report, indent=2) + "\n"
