"""Where faults happen: a real or a fake host, and content from files, from Hugging Face or from a registry."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from tests.fakes.hf_server import HubServer
from tests.fakes.oci_server import basic
from tests.fakes.ollama_server import FakeOllama
from tests.faults.gate import Gate
from tests.faults.scene import Scene, scene
from tests.manifests import model, write
from tests.parts.gguf import in_parts, tiny_model
from tests.parts.ollama import RealOllama, find_server
from tests.parts.registry import LOGIN, Layer, RealRegistry, available

PIECE = 10 << 20  # bytes of a file on a hub, and a little more follows
ASKED = "test: {{prompt: hello, expect: {}}}"  # a fake model repeats its system prompt, which is its version
GUARDED = "test: {{prompt: hello, expect: {}, rollback: true}}"
_MEDIA = "application/vnd.ollama.image."


class Parts:
    """The real servers, started when a place first needs them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self._ollama: RealOllama | None = None
        self._small: RealOllama | None = None
        self._registry: RealRegistry | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ollama(self) -> RealOllama:
        """Return a server that may be killed."""
        if self._ollama is None:
            self._ollama = self._stack.enter_context(RealOllama(self._folder / "ollama"))
        return self._ollama

    def small(self) -> RealOllama:
        """Return a server whose disk has 4 MB."""
        if self._small is None:
            self._small = self._stack.enter_context(SmallOllama(self._folder / "small"))
        return self._small

    def registry(self) -> RealRegistry:
        """Return a registry to pull from."""
        if self._registry is None:
            self._registry = self._stack.enter_context(RealRegistry(self._folder / "registry"))
        return self._registry


UNSHARED = f"unshare -m{'' if os.geteuid() == 0 else 'r'}"  # what puts a disk in place, for what runs in it alone


class SmallOllama(RealOllama):
    """A server whose disk has 4 MB."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store.mkdir(parents=True)
        script = folder / "serve.sh"
        mount = f"mount -t tmpfs -o size=4m tmpfs '{self.store}'"
        script.write_text(f"#!/bin/sh\nexec {UNSHARED} sh -c \"{mount} && exec '{self._files.binary}' serve\"\n")
        script.chmod(0o755)
        self._files = replace(self._files, binary=script)


@dataclass
class Files:
    """A GGUF beside the manifest."""

    environ: Mapping[str, str] = field(default_factory=dict)
    extra: int = 0  # bytes behind its end
    test: str = ""  # what it is asked, with a `{}` for its version

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        model(folder, name, seed=seed, more=f"system: {version}\n{self.test.format(version)}")
        with (folder / f"{name}.gguf").open("ab") as file:
            file.write(bytes(self.extra))


@dataclass
class Split:
    """A GGUF in parts beside the manifest, and more of it than a pipe holds."""

    environ: Mapping[str, str] = field(default_factory=dict)

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        whole = folder / f"{name}.gguf"
        tiny_model(whole, seed=seed)
        parts = in_parts(whole, 4)
        whole.unlink()
        with parts[-1].open("ab") as file:
            file.write(bytes(200_000))
        source = f"source: {{gguf: ./{parts[0].name}}}"
        write(folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec:\n  {source}\n  system: {version}\n")


@dataclass
class Hub:
    """A GGUF on a hub, and as large as two pieces of a download; only a fake host takes what is behind its end."""

    server: HubServer
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environ = {"HF_ENDPOINT": self.server.url, "HF_HUB_DOWNLOAD_TIMEOUT": "1"}

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        file = folder.parent / f"{seed}.gguf"
        tiny_model(file, seed=seed)
        self.server.commit(f"org/{name}", {"m.gguf": file.read_bytes() + Random(seed).randbytes(PIECE + 1_000_000)})
        source = f"source: {{huggingface: {{repo: org/{name}}}}}"
        write(folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec:\n  {source}\n  system: {version}\n")


@dataclass
class Pulled:
    """A tag of a registry behind a gate; each version replaces the one before."""

    registry: RealRegistry
    gate: Gate
    environ: Mapping[str, str] = field(default_factory=dict)

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        _push(self.registry, self.gate.address, folder, name, version, seed)


@dataclass
class InPlace:
    """A tag of a registry behind a gate that is pulled under the model's own name, and is asked before it gets it."""

    registry: RealRegistry
    gate: Gate
    environ: Mapping[str, str] = field(default_factory=dict)

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        _push(self.registry, self.gate.address, folder, name, version, seed)
        tag = f"{self.gate.address}/team/{name}:v1"
        asks = GUARDED.format(version)
        spec = f"{{source: {{ollama: {{name: '{tag}', insecure: true}}}}, {asks}}}"
        write(folder, name, f"kind: Model\nmetadata: {{name: '{tag}'}}\nspec: {spec}\n")


@dataclass
class Private:
    """A tag of a registry that wants a login, which the host has not: we bring the model."""

    registry: RealRegistry
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        auth = {"auth": basic(LOGIN).removeprefix("Basic ")}
        self.environ = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {self.registry.private: auth}})}

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        _push(self.registry, self.registry.private, folder, name, version, seed)


def _push(registry: RealRegistry, address: str, folder: Path, name: str, version: str, seed: int) -> None:
    """Have a tag mean a new model, and declare what is at that tag."""
    file = folder.parent / f"{seed}.gguf"
    tiny_model(file, seed=seed)
    layers = Layer(f"{_MEDIA}model", file.read_bytes()), Layer(f"{_MEDIA}system", version.encode())
    about = b'{"model_format":"gguf","model_family":"llama","architecture":"amd64","os":"linux"}'
    registry.put_model(f"team/{name}", "v1", *layers, config=about)
    source = f"source: {{ollama: {{name: '{address}/team/{name}:v1', insecure: true}}}}"
    write(folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec: {{{source}}}\n")


Place = Callable[[Path, Parts], AbstractContextManager[Scene]]


@contextmanager
def files_on_real(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file, on a real host."""
    with scene(folder, parts.ollama(), Files()) as made:
        yield made


@contextmanager
def bare_real(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file, on a real host that has never had it."""
    with scene(folder, parts.ollama(), Files(), bare=True) as made:
        yield made


@contextmanager
def split_on_real(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model in parts, on a real host that can't merge them."""
    with scene(folder, parts.ollama(), Split()) as made:
        yield made


@contextmanager
def files_on_small_disk(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file, on a real host whose disk is almost full."""
    with scene(folder, parts.small(), Files()) as made:
        yield made


@contextmanager
def files_on_fake(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file, on a fake host."""
    with FakeOllama() as server, scene(folder, server, Files()) as made:
        yield made


@contextmanager
def asked_on_fake(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file that is asked once it is made, on a fake host."""
    with FakeOllama() as server, scene(folder, server, Files(test=ASKED)) as made:
        yield made


@contextmanager
def guarded_on_fake(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file that is asked before it gets its name, on a fake host."""
    with FakeOllama() as server, scene(folder, server, Files(test=GUARDED)) as made:
        yield made


@contextmanager
def bare_guarded(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a file that is asked before it gets its name, on a fake host that has never had it."""
    with FakeOllama() as server, scene(folder, server, Files(test=GUARDED), bare=True) as made:
        yield made


@contextmanager
def in_place_on_fake(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model that a fake host pulls under its own name, and that is asked before it gets it."""
    registry = parts.registry()
    with Gate(registry.hub) as gate, FakeOllama() as server, scene(folder, server, InPlace(registry, gate)) as made:
        made.tag = f"{gate.address}/team/{made.name}:v1"
        yield made


@contextmanager
def hub_on_fake(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model from a hub, on a fake host."""
    with HubServer(folder / "hub") as hub, FakeOllama() as server, scene(folder, server, Hub(hub)) as made:
        yield made


@contextmanager
def pull_on_real(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model that a real host pulls from a registry."""
    registry = parts.registry()
    with Gate(registry.hub) as gate, scene(folder, parts.ollama(), Pulled(registry, gate)) as made:
        yield made


@contextmanager
def install_on_real(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model that a real host installs from us, because it can't pull it."""
    with scene(folder, parts.ollama(), Private(parts.registry())) as made:
        yield made


@contextmanager
def pull_on_fake(folder: Path, parts: Parts) -> Iterator[Scene]:
    """Give a model that a fake host pulls from a registry."""
    registry = parts.registry()
    with Gate(registry.hub) as gate, FakeOllama() as server, scene(folder, server, Pulled(registry, gate)) as made:
        yield made


ON_REAL = {bare_real, files_on_real, files_on_small_disk, install_on_real, pull_on_real, split_on_real}
WITH_REGISTRY = {in_place_on_fake, install_on_real, pull_on_real, pull_on_fake}


def missing(place: Place) -> str:
    """Return what this machine lacks for a place; empty where it lacks nothing."""
    if place in ON_REAL and find_server() is None:
        return "no Ollama server"
    return (available() or "") if place in WITH_REGISTRY else ""
