"""The machine formats: each report is what its schema says, and only that."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.core.change import Action, Reason
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.outcome import Status
from reconciler.ports import Run
from reconciler.report.findings import findings_json
from reconciler.report.json_diff import diff_json
from reconciler.report.json_report import history_json, plan_json, registry_list_json, run_json, status_json
from reconciler.report.lock import lock_json
from reconciler.report.status import State
from reconciler.report.upstream import Standing
from tests.report import chain_cases
from tests.report.builders import name, plan, recorded
from tests.report.cases import HISTORY, LONELY, NOON, PLANS, RECORDS, RUNS
from tests.report.diff_cases import DIFFS
from tests.report.lock_cases import LOCKS

SCHEMA = json.loads(Path("schemas/report.schema.json").read_text(encoding="utf-8"))
EMPTY = plan(hosts=())
FINDINGS = (
    Diagnostic(Location("a.yaml", 3, 5), "odd \x1b[31m", "mend it", code="unknown-key"),
    Diagnostic(Location("b"), "doubtful", severity=Severity.WARNING),
)

REPORTS = {
    **{f"plan {title}": ("plan", plan_json(found)) for title, found in PLANS.items()},
    **{f"status {title}": ("status", status_json(found)) for title, found in PLANS.items()},
    **{f"run {title}": ("run", run_json(EMPTY, found)) for title, found in RUNS.items()},
    **{f"diff {title}": ("diff", diff_json(found)) for title, found in DIFFS.items()},
    "diff of chains": ("diff", diff_json(chain_cases.DIFF)),
    "a model of a chain": ("models", registry_list_json(replace(RECORDS, records=(chain_cases.RECORD,)))),
    "history": ("history", history_json(*HISTORY)),
    "no history": ("history", history_json((), ())),
    "models": ("models", registry_list_json(RECORDS)),
    "findings": ("findings", findings_json(FINDINGS)),
    "no findings": ("findings", findings_json(())),
    "lock": ("lock", lock_json(LOCKS)),
    "no locks": ("lock", lock_json(())),
    "no models": ("models", registry_list_json(LONELY)),
}


def complaints(part, report):
    schema = {**SCHEMA, "$ref": f"#/$defs/{part}"}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(report)]


def objects(schema):
    """Return every part of a schema that describes an object."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


@pytest.mark.parametrize("title", REPORTS)
def test_a_report_is_what_its_schema_says(title):
    part, text = REPORTS[title]
    assert text.endswith("}\n")
    assert text.isascii()
    assert complaints(part, json.loads(text)) == []


def test_the_schema_is_one_and_describes_everything():
    Draft202012Validator.check_schema(SCHEMA)
    found = list(objects(SCHEMA["$defs"]))
    assert len(found) > 10
    for schema in found:
        assert schema["additionalProperties"] is False
        assert schema["description"]
        for key, part in schema["properties"].items():
            assert part.get("description") or "$ref" in part, key


@pytest.mark.parametrize(
    "title", ["plan everything", "run mixed", "status fleet", "history", "models", "findings", "diff in_sync", "lock"]
)
@pytest.mark.parametrize("spoil", [{"surprise": 1}, {"format_version": "9.0"}, {"changes": [{}]}])
def test_what_is_not_in_the_schema_is_found(title, spoil):
    part, text = REPORTS[title]
    assert complaints(part, {**json.loads(text), **spoil})


def test_the_schema_knows_every_word_of_the_core():
    defs = SCHEMA["$defs"]
    change = defs["change"]["properties"]
    assert set(defs["action"]["enum"]) == {action.value for action in Action}
    assert set(change["reasons"]["items"]["enum"]) == {reason.value for reason in Reason}
    assert set(defs["outcome"]["properties"]["status"]["enum"]) == {status.value for status in Status}
    standing = defs["diff"]["properties"]["models"]["items"]["properties"]["standing"]["enum"]
    assert set(standing) == {item.value for item in Standing}
    assert set(defs["status"]["properties"]["summary"]["properties"]) == {state.name.lower() for state in State}


@pytest.mark.parametrize("status", ["running", "succeeded", "partial", "failed", "abandoned"])
def test_every_end_of_a_run_is_in_the_schema(status):
    assert complaints("history", json.loads(history_json((Run("r", NOON, "f" * 64, "a@b", status=status),), ()))) == []


def test_null_is_a_value_and_absent_is_left_out():
    changes = json.loads(plan_json(PLANS["fields"]))["changes"]
    fields = {field["path"]: field for field in changes[0]["fields"]}
    assert fields["parameters.seed"] == {"path": "parameters.seed", "before": 42, "after": None}
    assert "before" not in fields["license"]
    assert "after" not in fields["template"]


def test_a_password_in_an_address_is_not_shown():
    assert "secret" not in plan_json(PLANS["fleet"])


def test_the_list_of_models_is_what_was_promised():
    models = json.loads(registry_list_json(RECORDS))
    assert list(models) == ["ollama:smollm2:135m", "ollama:support-bot:latest"]
    entry = models["ollama:smollm2:135m"]
    assert (entry["provider"], entry["status"]) == ("ollama", "available")
    assert entry["metadata"]["source"] == "huggingface"
    assert entry["metadata"]["huggingface_id"] == "bartowski/SmolLM2-135M-Instruct-GGUF"
    assert set(entry["metadata"]["hosts"]) == {"default", "gpu-01"}


def test_the_host_that_got_a_model_last_tells_what_it_is():
    from dataclasses import replace

    older = recorded(host="b", provenance=(("commit", "old"),))
    newer = recorded(host="a", provenance=(("commit", "new"),), applied_at="2027-01-01T00:00:00.000Z")
    models = json.loads(registry_list_json(replace(RECORDS, records=(newer, older))))
    assert models["ollama:smollm2:135m"]["metadata"]["commit"] == "new"


def test_an_ollama_source_has_no_hugging_face_id():
    from dataclasses import replace

    entry = recorded("m", source="ollama", provenance=(("repo", "no"), ("manifest", f"sha256:{'a' * 64}")))
    models = json.loads(registry_list_json(replace(RECORDS, records=(entry,))))
    metadata = models[f"ollama:{name('m')}"]["metadata"]
    assert "huggingface_id" not in metadata
    assert metadata["manifest"] == f"sha256:{'a' * 64}"
    assert complaints("models", models) == []
