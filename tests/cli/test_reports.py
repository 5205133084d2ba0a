"""Reports for machines: whatever a command prints with `--format json` is as the published schema says."""

import json

import click
import pytest
from jsonschema import Draft202012Validator

from reconciler.cli import cli
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write

CASES = {
    "apply": "apply --auto-approve",
    "check": "check manifests/tiny.gguf",
    "diff": "diff bot",
    "doctor": "doctor",
    "lock": "lock",
    "plan": "plan",
    "registry history": "registry history",
    "registry list": "registry list",
    "status": "status",
    "validate": "validate",
}
READ_MANIFESTS = ("apply", "diff", "lock", "plan", "status", "validate")


def with_json(group, ctx, before=""):
    """Yield the commands that print JSON."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from with_json(command, ctx, f"{name} ")
        for option in command.params:
            if option.name == "format_" and "json" in option.type.choices:
                yield f"{before}{name}"


@pytest.fixture
def ask(reconciler, folder):
    """Return a function that gives the JSON of a command, after comparing it with the schema."""
    schema = json.loads(reconciler("schema", "report").out)
    Draft202012Validator.check_schema(schema)

    def asked(words):
        report = json.loads(reconciler(*words.split(), "--format", "json").out)
        Draft202012Validator(schema).validate(report)
        return report

    return asked


def test_every_command_that_prints_json_is_here():
    assert sorted(with_json(cli, click.Context(cli))) == sorted(CASES)


@pytest.mark.parametrize("words", CASES.values(), ids=list(CASES))
def test_before_after_and_with_drift_and_refusals_a_report_is_as_its_schema_says(ask, reconciler, folder, host, words):
    model(folder, more="test: {prompt: hi, expect: hello}\nparameters: {num_ctx: 4096, stop: [a, b]}")
    tune(folder, "bot", "tiny")
    ask(words)
    reconciler("apply", "--auto-approve")
    ask(words)
    tune(folder, "bot", "tiny", "system: Be kind.\nparameters: {temperature: 0.5}")
    write(folder, "far", "kind: Model\nmetadata: {name: far}\nspec: {source: {ollama: '127.0.0.1:9/a/b'}}\n")
    declare_host(folder, "here", host.url)
    declare_host(folder, "gone", "http://127.0.0.1:9")
    ask(words)


@pytest.mark.parametrize("name", READ_MANIFESTS)
def test_manifests_that_can_t_be_used_are_findings(ask, folder, host, name):
    write(folder, "a", "kind: Model\nmetadata: {name: m}\nspec: {source: {ollama: x}, parametres: {}}\n")
    assert ask(CASES[name])["report"] == "findings"


def test_what_is_refused_deleted_or_not_in_the_lock_is_in_the_schema_too(ask, reconciler, folder, host):
    model(folder)
    tune(folder, "bot", "tiny")
    reconciler("apply", "--auto-approve")
    (folder / "bot.yaml").unlink()
    actions = {change["action"] for change in ask("plan --prune --locked")["changes"]}
    assert actions == {"delete", "refuse"}
    assert ask("lock --check")["findings"][0]["code"] == "not-locked"


def test_a_saved_plan_is_in_the_schema(ask, reconciler, folder, host):
    model(folder)
    assert reconciler("plan", "--out", "plan.json", "--target", "tiny").status == 0
    schema = json.loads(reconciler("schema", "report").out)
    saved = json.loads((folder.parent / "plan.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(saved)
    assert saved["question"]["targets"] == ["tiny"]
    assert list(Draft202012Validator(schema).iter_errors({**saved, "question": {}}))
