"""The command line against a host that can be made to fail."""

from collections.abc import Iterator

import pytest

from tests.fakes.ollama_server import FakeOllama


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    """Give a fake Ollama server that `$OLLAMA_HOST` names."""
    with FakeOllama() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server
