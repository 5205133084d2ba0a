"""The command line as a user meets it: words in, streams and an exit status out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli import run
from tests.fakes.ollama_server import FakeOllama


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def reconciler(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command in this process."""

    def command(*words: object) -> Result:
        capsys.readouterr()
        status = run([str(word) for word in words])
        return Result(status, *capsys.readouterr())

    return command


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    """Give a fake Ollama server that `$OLLAMA_HOST` names."""
    with FakeOllama() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder `manifests` in the working directory."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "manifests"
    made.mkdir()
    return made
