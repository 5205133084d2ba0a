"""A fleet of one fake host, with one model of a hub and a build on it, in sync; and the command as it is installed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.__main__ import main
from reconciler.cli import run as command_line
from tests.commands import Result
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import tune, write
from tests.parts.gguf import tiny_model
from tests.recall.memories import SAME

Plan = Callable[..., Result]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Plan:
    """Return a function that runs the command of the process, which recalls what it can."""

    def run(*words: str) -> Result:
        capfd.readouterr()
        os.environ["PYTEST_CURRENT_TEST"] = SAME
        status = 0
        try:
            main([*words])
        except SystemExit as end:
            status = int(end.code or 0)
        return Result(status, *capfd.readouterr())

    return run


@pytest.fixture
def bare(capfd: pytest.CaptureFixture[str]) -> Plan:
    """Return a function that runs a command line which knows nothing of memories."""

    def run(*words: str) -> Result:
        capfd.readouterr()
        return Result(command_line(words), *capfd.readouterr())

    return run


@pytest.fixture
def synced(folder: Path, host, hub, command, monkeypatch) -> FakeOllama:
    """Apply a model and a build, plan once, and return the host with nothing seen yet."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    tiny_model(folder.parent / "far.gguf")
    hub.commit("org/far", {"far-Q8_0.gguf": folder.parent / "far.gguf"})
    source = "source: {huggingface: {repo: org/far, quantization: Q8_0}}"
    write(folder, "far", f"kind: Model\nmetadata: {{name: far}}\nspec: {{{source}}}\n")
    tune(folder, "bot", "far")
    assert command("apply", "--auto-approve").status == 0
    first = command("plan")
    assert (first.status, first.err) == (0, "")
    host.seen.clear()
    hub.requests.clear()
    return host
