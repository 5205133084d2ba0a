"""What the tests of hosts share: servers, the host under test, and tiny files to upload."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.core.steps import Create
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.parts.gguf import tiny_adapter, tiny_model, tiny_projector

SERVERS = (pytest.param("real", marks=pytest.mark.ollama), "0.9.3", "0.24.0")  # a real one, and fakes by version

Named = Callable[[str], ModelName]


@dataclass(frozen=True)
class File:
    """A file with its digest."""

    path: Path
    digest: Digest


def quiet(phase: str, done: int, total: int) -> None:
    """Take progress that the test does not look at."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, File]:
    """Give tiny GGUFs: two models, an adapter, a projector."""
    folder = tmp_path_factory.mktemp("files")
    paths = {name: folder / f"{name}.gguf" for name in ("model", "other", "adapter", "projector")}
    return {
        "model": File(paths["model"], tiny_model(paths["model"], seed=1)),
        "other": File(paths["other"], tiny_model(paths["other"], seed=2)),
        "adapter": File(paths["adapter"], tiny_adapter(paths["adapter"])),
        "projector": File(paths["projector"], tiny_projector(paths["projector"])),
    }


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    """Give a fake server of 0.9.3."""
    with FakeOllama() as server:
        yield server


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of each server that the contract holds for."""
    if request.param == "real":
        yield request.getfixturevalue("ollama").url
        return
    with FakeOllama(request.param) as server:
        yield server.url


@pytest.fixture
def host(url: str) -> OllamaHost:
    """Give the host under test."""
    return OllamaHost(HostName("test"), url, Http(stall_timeout=20))


@pytest.fixture
def named(unique: str) -> Named:
    """Give names that no other test uses, by a word."""
    return lambda word: ModelName.parse(f"{unique}-{word}")


@pytest.fixture
def base(host: OllamaHost, files: dict[str, File], named: Named) -> ModelName:
    """Give the name of a model that is on the host, made from the file `model`."""
    made = named("base")
    make(host, made, files["model"])
    return made


def make(host: OllamaHost, name: ModelName, file: File) -> None:
    """Upload a file and create a model from it."""
    host.upload(file.digest, Arrival.of(file.path), quiet)
    host.create(Create(name, files=(("model.gguf", file.digest),)), quiet)
