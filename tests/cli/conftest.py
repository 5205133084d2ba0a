"""The command line against a host that can be made to fail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import REPOSITORY
from tests.fakes.ollama_server import FakeOllama
from tests.parts.gguf import CHATML, tiny_model


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    """Give a fake Ollama server that `$OLLAMA_HOST` names."""
    with FakeOllama() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


@pytest.fixture
def ask(reconciler, folder):
    """Return a function that gives the exit status and the JSON of a check."""

    schema = json.loads((REPOSITORY / "schemas" / "report.schema.json").read_text(encoding="utf-8"))

    def asked(source: object) -> tuple[int, dict[str, object]]:
        result = reconciler("check", source, "--format", "json")
        told = json.loads(result.out)
        Draft202012Validator(schema).validate(told)
        return result.status, told

    return asked


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    """Return a model of 26 kB, as a file."""
    tiny_model(tmp_path / "made.gguf", chat_template=CHATML)
    return (tmp_path / "made.gguf").read_bytes()
