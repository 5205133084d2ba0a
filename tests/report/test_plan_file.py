"""Plan files: what is in them is what comes out, and what moved is told."""

import json
from dataclasses import replace

import pytest

from reconciler.core.digest import fingerprint
from reconciler.errors import PlanError, StalePlan, UnsafePlan
from reconciler.report.plan_file import check, opened, sealed
from tests.report.builders import plan

QUESTION: dict[str, object] = {"paths": ["manifests"]}


def test_a_plan_file_gives_back_its_question_and_fits_its_plan():
    file = opened(sealed(plan(), QUESTION), "p.json")
    assert file.question == QUESTION
    check(file, plan())


def test_a_plan_of_another_version_is_not_applied():
    body = json.loads(sealed(plan(), QUESTION))
    del body["seal"]
    body["format_version"] = "0.1"
    with pytest.raises(PlanError, match="another version"):
        opened(json.dumps({**body, "seal": fingerprint(body)}), "p.json")


def test_a_file_that_was_changed_is_not_applied():
    body = {**json.loads(sealed(plan(), QUESTION)), "question": {}}
    with pytest.raises(UnsafePlan, match="changed after it was saved"):
        opened(json.dumps(body), "p.json")


def test_other_steps_are_told_even_if_nothing_else_differs():
    file = opened(sealed(plan(), QUESTION), "p.json")
    with pytest.raises(StalePlan, match="the steps are others"):
        check(file, replace(plan(), fingerprint=fingerprint("another")))
