"""Saved plans on the command line: `plan --out FILE`, and `apply FILE`."""

from pathlib import Path

import click

from reconciler.cli.question import Question
from reconciler.core.plan import Plan
from reconciler.errors import SettingsError
from reconciler.report.plan_file import PlanFile, check, opened, sealed

SUFFIX = ".json"


def save(path: Path, question: Question, plan: Plan) -> None:
    """Write a plan to a file, with the question that it answers; raises SettingsError where that can't be."""
    if plan.violations:
        return
    asked = {
        "paths": [str(item) for item in question.paths],
        "targets": list(question.targets),
        "hosts": list(question.hosts),
        "prune": question.prune,
        "adopt": question.adopt,
        "locked": question.locked,
    }
    try:
        path.write_text(sealed(plan, asked), encoding="utf-8")
    except OSError as error:
        raise SettingsError.unwritten("the plan can't be saved", error, path) from error


class Saved:
    """A plan file and the question in it."""

    def __init__(self, file: PlanFile) -> None:
        self.file = file
        asked = file.question
        self.question = Question(
            paths=tuple(Path(str(item)) for item in asked["paths"]),
            targets=tuple(asked["targets"]),
            hosts=tuple(asked["hosts"]),
            prune=bool(asked["prune"]),
            adopt=bool(asked["adopt"]),
            locked=bool(asked.get("locked")),
        )


def saved_plan(question: Question) -> Saved | None:
    """Return the saved plan that was named instead of manifests, or None; raises SettingsError, PlanError."""
    named = [path for path in question.paths if path.suffix == SUFFIX]
    if not named:
        return None
    if question != Question(paths=(named[0],)):
        raise click.UsageError("a saved plan answers its own question: give no other paths or selection with it")
    try:
        text = named[0].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        hint = "`reconciler plan --out FILE` saves one"
        raise SettingsError(f"the saved plan can't be read: {reason}", hint=hint, where=str(named[0])) from error
    return Saved(opened(text, str(named[0])))


def as_saved(saved: Saved, plan: Plan) -> Plan:
    """Return the plan if it is the saved one, to the last step; raises StalePlan with what moved otherwise."""
    check(saved.file, plan)
    return plan
