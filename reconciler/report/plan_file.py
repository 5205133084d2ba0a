"""A saved plan: the JSON of a plan, the question that it answers, and a seal over both.

Applying one makes the plan anew from the same question and compares: only a plan that is the
same to the last step is applied. So a file that was changed cannot make anything happen that
the manifests do not ask for; the seal only tells such a file from one that has become stale.
"""

import json
from typing import Any

from reconciler.core.digest import fingerprint
from reconciler.core.frozen import dataclass
from reconciler.core.plan import Plan
from reconciler.errors import PlanError, StalePlan, UnsafePlan
from reconciler.report.json_parts import FORMAT_VERSION
from reconciler.report.json_plan import plan_json

_WHAT = "saved-plan"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a file holds."""

    question: dict[str, Any]
    plan: dict[str, Any]  # as `plan --format json` gives it


def sealed(plan: Plan, question: dict[str, object]) -> str:
    """Return the text of a plan file."""
    body = {
        "format_version": FORMAT_VERSION,
        "report": _WHAT,
        "question": question,
        "plan": json.loads(plan_json(plan)),
    }
    return json.dumps({**body, "seal": fingerprint(body)}, indent=2, ensure_ascii=False) + "\n"


def opened(text: str, where: str) -> PlanFile:
    """Return what a plan file holds; raises PlanError for another file, UnsafePlan for one that was changed."""
    try:
        body = json.loads(text)
        seal = body.pop("seal")
        question, plan = body["question"], body["plan"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PlanError("this is no saved plan", hint="`reconciler plan --out FILE` saves one", where=where) from error
    if body.get("report") != _WHAT or fingerprint(body) != seal:
        raise UnsafePlan("this plan was changed after it was saved", hint="plan again", where=where)
    if body["format_version"] != FORMAT_VERSION:
        raise PlanError("this plan was saved by another version of reconciler", hint="plan again", where=where)
    return PlanFile(question, plan)


def check(file: PlanFile, plan: Plan) -> None:
    """Raise StalePlan, with what moved, unless `plan` is the saved one and rests on the same registry."""
    moved = [*_registry(file.plan, plan), *_changes(file.plan, json.loads(plan_json(plan)))]
    if file.plan["fingerprint"] != plan.fingerprint and not moved:
        moved = ["the steps are others"]
    if moved:
        raise StalePlan(f"nothing was done, the saved plan is stale: {'; '.join(moved)}", hint="plan again")


def _registry(saved: dict[str, Any], plan: Plan) -> list[str]:
    if saved.get("lineage", "") != plan.lineage:
        return ["it was made with another registry"]
    if saved["serial"] != plan.serial:
        return [f"something was applied since (serial {saved['serial']}, now {plan.serial})"]
    return []


def _changes(saved: dict[str, Any], now: dict[str, Any]) -> list[str]:
    before, after = ({_place(item): _gist(item) for item in plan["changes"]} for plan in (saved, now))
    return [
        f"{place} was {before.get(place, 'not there')}, is {after.get(place, 'not there')}"
        for place in sorted(before.keys() | after.keys())
        if before.get(place) != after.get(place)
    ]


def _place(change: dict[str, Any]) -> str:
    return f"{change['host']}/{change['model']}"


def _gist(change: dict[str, Any]) -> str:
    """Return what tells one decision from another: the action, what is there, and what should be."""
    there = str(change.get("before", "nothing")).removeprefix("sha256:")[:12]
    wanted = str(change.get("desired", {}).get("fingerprint", "nothing"))[:12]
    return f"{change['action']} of {there} to {wanted}"
