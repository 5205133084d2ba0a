"""What a pull request is shown: a plan as a comment, findings beside the lines, and findings instead of a plan."""

import json
import re

import pytest
from jsonschema import Draft4Validator

from tests.conftest import REPOSITORY
from tests.manifests import model, tune, write

BROKEN = "kind: Model\nmetadata: {name: m}\nspec: {source: {ollama: x}, parametres: {}}\n"


@pytest.fixture
def sarif(reconciler, folder):
    """Return a function that gives the exit status of `validate` and the run in its SARIF."""
    schema = REPOSITORY / "tests" / "report" / "sarif" / "sarif-2.1.0-rtm.5.json"
    judge = Draft4Validator(json.loads(schema.read_text(encoding="utf-8")))

    def asked(*words):
        result = reconciler("validate", "--format", "sarif", *words)
        log = json.loads(result.out)
        judge.validate(log)
        return result.status, log["runs"][0]

    return asked


def test_findings_are_sarif_with_their_lines(folder, sarif):
    model(folder)
    write(folder, "a", BROKEN)
    status, found = sarif()
    (result,) = found["results"]
    assert (status, result["ruleId"], result["level"]) == (1, "unknown-key", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "manifests/a.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "startColumn": 29}
    assert sarif(str(folder))[1] == found


def test_a_clean_run_is_sarif_without_results_and_a_doubtful_one_has_warnings(folder, sarif):
    model(folder)
    assert sarif() == (0, {**sarif()[1], "results": []})
    tune(folder, "bot", "elsewhere")
    status, found = sarif()
    assert (status, [item["level"] for item in found["results"]]) == (0, ["warning"])


def test_a_path_that_is_not_there_is_a_finding_too(sarif):
    status, found = sarif("nowhere")
    assert (status, found["results"][0]["ruleId"]) == (1, "no-such-path")


def test_a_plan_is_a_comment_that_begins_with_the_same_mark_each_time(reconciler, folder, host):
    model(folder)
    first = reconciler("plan", "--format", "markdown")
    assert first.status == 0
    mark, _, verdict, *_ = first.out.splitlines()
    assert mark == "<!-- reconciler plan: manifests -->"
    assert verdict.startswith("Plan: 1 to create.")
    assert "| `+` | `tiny:latest` | import |" in first.out
    assert reconciler("apply", "--auto-approve").status == 0
    second = reconciler("plan", "--format", "markdown").out.splitlines()
    assert (second[0], second[2]) == (mark, "No changes. 1 model in sync on 1 host.")
    one = reconciler("plan", "--format", "markdown", "manifests", "--host", "default", "--prune").out
    assert one.startswith("<!-- reconciler plan: manifests -host default -->\n")


def test_manifests_that_can_t_be_used_are_told_in_the_same_comment(reconciler, folder, host):
    write(folder, "a", BROKEN)
    result = reconciler("plan", "--format", "markdown")
    assert result.status == 1
    assert result.out.splitlines() == [
        "<!-- reconciler plan: manifests -->",
        "",
        "**The manifests can't be used: 1 error.**",
        "",
        "- **error** `manifests/a.yaml:4:29`: unknown key 'parametres'; did you mean 'parameters'?",
    ]
    assert host.seen == []


def test_a_plan_can_be_drawn(reconciler, folder, host):
    model(folder)
    tune(folder, "bot", "tiny")
    drawn = reconciler("plan", "--graph", "mermaid", "--detailed-exitcode")
    assert (drawn.status, drawn.out.splitlines()[0]) == (2, "flowchart LR")
    assert "n1_2 --> n1_1" in drawn.out
    assert reconciler("plan", "--graph", "dot").out.startswith("digraph plan {\n")
    both = reconciler("plan", "--graph", "dot", "--format", "json")
    assert (both.status, both.out) == (64, "")
    assert "give no --format with it" in both.err


def test_what_was_applied_is_a_comment_of_its_own(reconciler, folder, host):
    model(folder)
    tune(folder, "bot", "tiny")
    applied = reconciler("apply", "--auto-approve", "--format", "markdown")
    mark, _, verdict, *_ = applied.out.splitlines()
    assert (applied.status, mark) == (0, "<!-- reconciler apply: manifests -->")
    assert re.fullmatch(r"Run [0-9A-Za-z-]+: 2 applied\. [\d.]+ kB moved\.", verdict)
    assert "| `+` | `bot:latest` | create | applied |" in applied.out
    again = reconciler("apply", "--auto-approve", "--format", "markdown")
    assert "nothing to do" in again.out.splitlines()[2]
    assert reconciler("plan", "--out", "plan.json").status == 0
    assert reconciler("apply", "plan.json", "--format", "markdown").out.startswith(
        "<!-- reconciler apply: plan.json -->\n"
    )
    write(folder, "a", BROKEN)
    assert reconciler("apply", "--format", "markdown").out.startswith(f"{mark}\n\n**The manifests can't be used")


def test_what_went_wrong_is_a_comment_too_so_that_none_tells_of_an_older_plan(reconciler, folder, host):
    model(folder)
    assert reconciler("plan", "--out", "plan.json").status == 0
    assert reconciler("apply", "--auto-approve").status == 0
    stale = reconciler("apply", "plan.json", "--format", "markdown")
    assert stale.status == 3
    mark, _, verdict = stale.out.splitlines()
    assert mark == "<!-- reconciler apply: plan.json -->"
    assert verdict.startswith("**Error:** nothing was done, the saved plan is stale: ")
    assert verdict.endswith("<br>hint: plan again")
    broken = reconciler("--registry", "sqlite:////dev/null/x.db", "plan", "--format", "markdown")
    assert broken.status == 1
    assert broken.out.startswith("<!-- reconciler plan: manifests -->\n\n**Error:** ")
    assert reconciler("--registry", "sqlite:////dev/null/x.db", "plan").out == ""
