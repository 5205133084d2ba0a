"""A plan for machines."""

from collections import Counter
from collections.abc import Mapping

from reconciler.core.change import Action, Change
from reconciler.core.names import Address
from reconciler.core.parts import merging
from reconciler.core.plan import HostView, Plan
from reconciler.core.resolution import Pinned
from reconciler.core.resource import ModelTest
from reconciler.core.state import Desired
from reconciler.report.changelog import new_bytes, rebuilt_by
from reconciler.report.json_parts import (
    Json,
    address_json,
    as_of_json,
    chain_json,
    field_json,
    given,
    report,
    unobserved_json,
)
from reconciler.report.text import without_login


def plan_json(plan: Plan) -> str:
    """Return a whole plan, changes that do nothing included."""
    actions = Counter(change.action for change in plan.changes)
    stages = {item.address: number for number, stage in enumerate(plan.stages, 1) for item in stage}
    return report(
        "plan",
        {
            "complete": plan.complete,
            "safe": not plan.violations,
            "fingerprint": plan.fingerprint,
            **given(lineage=plan.lineage),
            "serial": plan.serial,
            **given(snapshot=as_of_json(plan.as_of)),
            "summary": {action.value: actions[action] for action in Action},
            "transfer": plan.total.transfer,
            "disk": plan.total.disk,
            **given(at_most=plan.total.at_most or None),
            "without_lock": plan.followed.without_lock,
            "followed": list(plan.followed.references),
            "hosts": [_host(host) for host in plan.hosts],
            "unobserved": [unobserved_json(host) for host in plan.unobserved],
            "violations": [
                {"where": item.where, "check": item.check, "message": item.message} for item in plan.violations
            ],
            "changes": [_change(plan, change, stages) for change in plan.changes],
        },
    )


def _host(host: HostView) -> Json:
    return {
        "name": host.host,
        "url": without_login(host.url),
        "version": host.version,
        "in_sync": host.in_sync,
        "unmanaged": [str(name) for name in host.unmanaged],
        "undeclared": [str(name) for name in host.undeclared],
    }


def _change(plan: Plan, change: Change, stages: Mapping[Address, int]) -> Json:
    cost = plan.cost(change)
    return {
        **address_json(change.address),
        "action": change.action.value,
        "reasons": [reason.value for reason in change.reasons],
        **given(
            stage=stages.get(change.address),
            before=str(change.before) if change.before else None,
            desired=_desired(change.after) if change.after else None,
            sources=chain_json(change.sources),
            base=str(change.base) if change.base else None,
            merge=_merge(change),
            fields=[field_json(field) for field in change.fields],
            drift=[field_json(field) for field in change.drift],
            **_upstream(plan, change),
            warnings=list(change.warnings),
            note=change.note,
            hint=change.hint,
        ),
        "transfer": cost.transfer,
        "disk": cost.disk,
        **given(at_most=cost.at_most or None),
    }


def _merge(change: Change) -> Json | None:
    found = merging(change.steps)
    return {"parts": found.parts, "here": found.here} if found is not None else None


def _desired(entry: Desired) -> Json:
    return {
        "kind": entry.kind.value,
        "fingerprint": entry.fingerprint,
        "source": entry.source,
        "reference": entry.reference,
        "provenance": dict(entry.provenance),
        "location": str(entry.location),
        **given(test=_test(entry.test) if entry.test else None),
    }


def _test(test: ModelTest) -> Json:
    asked = given(prompt=test.prompt, expect=test.expect, dimensions=test.dimensions)
    return {**asked, "timeout": test.timeout, "rollback": test.rollback}


def _upstream(plan: Plan, change: Change) -> Json:
    """Return how what is declared stands to the lock and to upstream."""
    entry = change.after
    if entry is None:
        return {}
    return {
        "locked": entry.locked,
        "outdated": _outdated(plan, entry, entry.offered) if entry.offered else None,
        "unchecked": entry.unchecked,
        "news": [field_json(field) for field in change.news],
    }


def _outdated(plan: Plan, entry: Desired, offered: Pinned) -> Json:
    return {
        "reference": offered.reference,
        "offered": dict(offered.provenance),
        "transfer": new_bytes(entry, offered),
        **given(rebuilds=[str(name) for name in rebuilt_by(plan, entry.address)]),
    }
