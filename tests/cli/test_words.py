"""Words: what commands there are, what their help says, and what wrong words get."""

import json

import pytest

from reconciler import __version__
from reconciler.cli import COMMANDS
from reconciler.manifest.schema import kinds


def test_the_version(reconciler):
    assert reconciler("--version").out == f"reconciler {__version__}\n"


def test_help_lists_every_command_and_only_commands_that_work(reconciler):
    result = reconciler("--help")
    assert result.status == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.out


@pytest.mark.parametrize(
    "words", [[name] for name in COMMANDS] + [["registry", sub] for sub in ("list", "show", "history")]
)
def test_every_command_has_help_that_stands_alone(reconciler, words):
    result = reconciler(*words, "--help")
    assert result.status == 0
    assert len(result.out.splitlines()) > 4
    assert result.err == ""


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["pln"],
        ["plan", "--frmat", "json"],
        ["plan", "--format", "xml"],
        ["schema", "Pod"],
        ["lock", "--check", "--upgrade"],
        ["registry", "show"],
        ["registry", "show", "a/b/c/d"],
        ["apply", "--parallelism", "0"],
    ],
)
def test_wrong_usage_is_64_and_says_what_is_wrong_on_stderr(reconciler, folder, words):
    result = reconciler(*words)
    assert (result.status, result.out) == (64, "")
    assert "Usage:" in result.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pln"], "No such command 'pln'. Did you mean plan?"),
        (["regstry", "list"], "No such command 'regstry'. Did you mean registry?"),
        (["export-all"], "No such command 'export-all'. Did you mean export or report?"),
        (["kubernetes"], "No such command 'kubernetes'.\n"),
        (["plan", "--frmat"], "No such option '--frmat'."),
        (["--registri", "x"], "--registry"),
    ],
)
def test_a_word_that_is_none_is_answered_with_one_that_is_close(reconciler, words, told):
    result = reconciler(*words)
    assert (result.status, told in result.err) == (64, True), result.err


@pytest.mark.parametrize("kind", ["Model", "finetune", "HOST", "lock", "report", None])
def test_schemas_are_published_for_editors(reconciler, kind):
    result = reconciler("schema", *([kind] if kind else []))
    assert json.loads(result.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_help_of_schema_names_every_kind(reconciler):
    told = reconciler("schema", "--help").out
    assert [kind for kind in (*kinds(), "`lock`", "`report`") if kind not in told] == []
