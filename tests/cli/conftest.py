"""The command line against a host that can be made to fail."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.commands import Result
from tests.conftest import REPOSITORY
from tests.parts.gguf import CHATML, tiny_model


@pytest.fixture
def ask(reconciler, folder):
    """Return a function that gives the exit status and the JSON of a check."""

    def asked(source: object) -> tuple[int, dict[str, object]]:
        result = reconciler("check", source, "--format", "json")
        return result.status, _report(result)

    return asked


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    """Return a model of 26 kB, as a file."""
    tiny_model(tmp_path / "made.gguf", chat_template=CHATML)
    return (tmp_path / "made.gguf").read_bytes()


@pytest.fixture
def doctor(reconciler) -> Callable[..., tuple[int, list[dict[str, str]]]]:
    """Return a function that gives the exit status, and each finding that is not well."""

    def asked(*words):
        result = reconciler("doctor", *words, "--format", "json")
        told = _report(result)
        assert told["good"] == (result.status == 0)
        return result.status, [item for item in told["findings"] if item["grade"] != "ok"]

    return asked


@pytest.fixture
def bare(tmp_path, monkeypatch) -> None:
    """Work in a folder without manifests."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def registry_file(tmp_path, monkeypatch) -> Path:
    """Return where our registry is, not there yet."""
    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite://{tmp_path}/r.db")
    return tmp_path / "r.db"


def _report(result: Result) -> dict[str, object]:
    """Return what is told to machines, as the schema has it."""
    told = json.loads(result.out)
    schema = json.loads((REPOSITORY / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(told)
    return told
