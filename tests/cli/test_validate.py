"""`validate`: everything that is wrong at once, and nothing contacted."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import REPOSITORY
from tests.manifests import model, tune, write


def test_good_manifests_are_counted(reconciler, folder):
    model(folder)
    tune(folder, "bot", "tiny")
    result = reconciler("validate")
    assert (result.status, result.out, result.err) == (0, "Valid: 2 models for 1 host.\n", "")


def test_every_finding_comes_at_once_with_its_place_and_a_hint(reconciler, folder):
    write(
        folder, "a", "kind: Model\nmetadata: {name: m}\nspec:\n  source: {ollama: x}\n  parametres: {}\n  protect: 1\n"
    )
    write(folder, "b", "kind: Pod\n")
    result = reconciler("validate")
    assert (result.status, result.out) == (1, "")
    assert "manifests/a.yaml:6:3: error: unknown key 'parametres'" in result.err
    assert "did you mean 'parameters'?" in result.err
    assert "manifests/a.yaml:7:12: error:" in result.err
    assert "manifests/b.yaml:2:7: error:" in result.err
    assert "Traceback" not in result.err


def test_a_base_that_is_not_declared_is_a_warning_and_no_error(reconciler, folder):
    tune(folder, "bot", "elsewhere")
    result = reconciler("validate")
    assert result.status == 0
    assert "warning" in result.err


def test_nothing_to_read_is_an_error_and_not_an_empty_success(reconciler, folder):
    result = reconciler("validate")
    assert result.status == 1
    assert result.err


def test_a_running_host_is_not_asked(reconciler, folder, host):
    model(folder)
    assert reconciler("validate").status == 0
    assert host.seen == []


SCHEMA = json.loads((REPOSITORY / "schemas" / "report.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("words", ["validate", "plan", "status", "apply --auto-approve", "apply plan.json"])
def test_findings_are_a_result_where_json_is_asked_for(reconciler, folder, host, words):
    model(folder)
    if "plan.json" in words:
        assert reconciler("plan", "--out", "plan.json").status == 0
    write(folder, "a", "kind: Model\nmetadata: {name: m}\nspec: {source: {ollama: x}, parametres: {}}\n")
    write(folder, "b", "kind: Model\nmetadata: {name: other}\nspec: {source: {gguf: ./gone.gguf}}\n")
    result = reconciler(*words.split(), "--format", "json")
    report = json.loads(result.out)
    assert result.status == 1
    Draft202012Validator(SCHEMA).validate(report)
    first, second = report["findings"]
    assert first == {
        "file": "manifests/a.yaml",
        "line": 4,
        "column": 29,
        "severity": "error",
        "code": "unknown-key",
        "message": "unknown key 'parametres'; did you mean 'parameters'?",
    }
    assert second["file"] == "manifests/b.yaml"
    assert "manifests/a.yaml:4:29: error: unknown key" in result.err
    assert not host.calls("create")


def test_good_manifests_have_no_findings_and_doubtful_ones_have_warnings(reconciler, folder):
    model(folder)
    empty = {"format_version": "1.1", "report": "findings", "findings": []}
    assert json.loads(reconciler("validate", "--format", "json").out) == empty
    tune(folder, "bot", "elsewhere")
    result = reconciler("validate", "--format", "json")
    (found,) = json.loads(result.out)["findings"]
    assert (result.status, found["severity"], found["code"]) == (0, "warning", "undeclared-base")


def test_a_path_that_is_missing_has_no_line(reconciler, folder):
    report = json.loads(reconciler("validate", "--format", "json", "nowhere").out)
    Draft202012Validator(SCHEMA).validate(report)
    assert "line" not in report["findings"][0]


def test_without_a_path_and_without_the_default_folder_it_says_what_to_do(reconciler, folder):
    folder.rmdir()
    result = reconciler("validate")
    assert (result.status, result.out) == (1, "")
    assert "manifests: error: there is no such folder\n" in result.err
    assert "hint: give a PATH; `reconciler init` makes the folder manifests/ with a first manifest" in result.err
