"""Everything real: an Ollama server, a registry, the hub's own client; only the far end of Hugging Face is ours."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from ollama import Client

from tests.e2e.hands import Hands
from tests.e2e.yard import Yard
from tests.fakes.hf_server import HubServer
from tests.parts.ollama import RealOllama

Call = Callable[..., Any]


@pytest.fixture
def witness(ollama: RealOllama, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Return the official client of the server that `$OLLAMA_HOST` names: it sees what users see."""
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    with Client(ollama.url) as client:
        yield client


@pytest.fixture
def show(ollama: RealOllama) -> Call:
    """Return a function that gives all that the server says about a model; the official client drops half of it."""

    def call(name: str) -> Any:
        with urlopen(Request(f"{ollama.url}/api/show", json.dumps({"model": name}).encode())) as answer:
            return json.load(answer)

    return call


@pytest.fixture
def huggingface(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """Give a hub that `$HF_ENDPOINT` names."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return hub


@pytest.fixture
def hands(ollama: RealOllama, monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Return somebody who works by hand on the server that `$OLLAMA_HOST` names."""
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    return Hands(ollama)


@pytest.fixture
def yard(folder: Path, unique: str, hands: Hands, reconciler: Call) -> Iterator[Yard]:
    """Give a folder of manifests for one server; what was made is removed in the end."""
    made = Yard(folder, unique, hands, reconciler)
    yield made
    hands.delete(*(name for name in hands.listed() if name.startswith(f"{unique}-")))
