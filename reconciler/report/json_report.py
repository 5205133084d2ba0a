"""The reports for machines: versioned JSON, as `schemas/report.schema.json` describes it."""

from collections import Counter

from reconciler.core.outcome import RunResult, Status
from reconciler.core.plan import Plan
from reconciler.report.json_parts import FORMAT_VERSION, Json, as_of_json, given, outcome_json, report, unobserved_json
from reconciler.report.json_plan import plan_json
from reconciler.report.json_records import history_json, registry_list_json
from reconciler.report.status import State, StatusRow, status_rows

__all__ = [
    "FORMAT_VERSION",
    "history_json",
    "plan_json",
    "registry_list_json",
    "run_json",
    "status_json",
]


def run_json(plan: Plan, result: RunResult) -> str:
    """Return what came of a run of this plan."""
    return report(
        "run",
        {
            "run": result.run,
            "plan": plan.fingerprint,
            "complete": result.complete,
            "good": result.good,
            "summary": {status.value: result.count(status) for status in Status},
            "unobserved": [unobserved_json(host) for host in plan.unobserved],
            "outcomes": [outcome_json(outcome) for outcome in result.outcomes],
        },
    )


def status_json(plan: Plan) -> str:
    """Return how every model stands on every host."""
    rows = status_rows(plan)
    states = Counter(row.state for row in rows)
    return report(
        "status",
        {
            "complete": plan.complete,
            **given(snapshot=as_of_json(plan.as_of)),
            "summary": {_state(state): states[state] for state in State},
            "rows": [_status(row) for row in rows],
        },
    )


def _status(row: StatusRow) -> Json:
    model = str(row.model) if row.model else None
    return {
        "host": row.host,
        **given(model=model),
        "state": _state(row.state),
        **given(detail=row.detail, hint=row.hint),
    }


def _state(state: State) -> str:
    return state.name.lower()
