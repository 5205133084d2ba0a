"""What every test gets: a clean environment, a network that ends at loopback, and the real servers on request.

Modules of parts and fakes are imported inside the fixtures, so that a test that needs none of them pays for none.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.parts.missing import without

if TYPE_CHECKING:
    from tests.parts.tls import Authority

REPOSITORY = Path(__file__).resolve().parent.parent
MODEL = REPOSITORY / ".parts" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
MINILM = REPOSITORY / ".parts" / "minilm"
KEPT = ("RECONCILER_TEST_OLLAMA", "RECONCILER_REQUIRE_PARTS")  # settings of the tests themselves
CLEARED = (
    "OLLAMA_",
    "OTEL_",
    "TRACE",
    "HF_",
    "HUGGING",
    "RECONCILER_",
    "XDG_",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "COLUMNS",
)
LOOPBACK = ("127.", "::1", "localhost", "::ffff:127.", "0.0.0.0")

_connect = socket.socket.connect
_refused: list[str] = []
_numbers = count(1)


def pytest_configure() -> None:
    """Close the network for this process, and let hypothesis search by chance only where somebody watches.

    (An audit hook would see more connections than this does, but its calls race with coverage's tracer.)
    """
    socket.socket.connect = _only_loopback
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of workers, and of what a shell runs with `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("here", deadline=None)  # a slow machine is no defect
    settings.register_profile("ci", deadline=None, derandomize=True)  # a change fails for what it changes
    settings.load_profile("ci" if os.environ.get("CI") else "here")


def _only_loopback(self: socket.socket, address: object) -> None:
    """Refuse a connection that leaves this machine, and remember it, for code that handles the refusal."""
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        _refused.append(str(address[0]))
        raise ConnectionRefusedError(f"tests may connect to loopback only, not to {address[0]}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each test a home of its own and none of the settings, tokens and proxies of whoever runs it."""
    for name in list(os.environ):
        if name not in KEPT and (name.startswith(CLEARED) or name.lower().endswith("_proxy")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr(os, "_exit", _stay)
    _refused.clear()
    yield
    assert not _refused, f"tried to leave this machine: {_refused}"


def _stay(status: int) -> None:
    """Fail: what ends its process at once would end the run of all tests, without a word and as a success."""
    raise AssertionError(f"a test ended its own process with status {status}")


@pytest.fixture
def refusals() -> list[str]:
    """Return the addresses elsewhere that this test tried to reach; what stays in the list fails it."""
    return _refused


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Give one real Ollama server for the whole run (tests.parts.ollama.RealOllama), shared by `unique` names."""
    from tests.parts.ollama import MISSING, RealOllama, find_server

    if find_server() is None:
        without(MISSING)
    with RealOllama(tmp_path_factory.mktemp("ollama")) as server:
        yield server


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Give one real registry for the whole run (tests.parts.registry.RealRegistry)."""
    from tests.parts.registry import RealRegistry, available

    if reason := available():
        without(reason)
    with RealRegistry(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Give a fake Ollama server that `$OLLAMA_HOST` names (tests.fakes.ollama_server.FakeOllama)."""
    from tests.fakes.ollama_server import FakeOllama

    with FakeOllama() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[object]:
    """Give an empty Hugging Face hub on loopback (tests.fakes.hf_server.HubServer)."""
    from tests.fakes.hf_server import HubServer

    with HubServer(tmp_path / "hub") as server:
        yield server


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """Return the path of a real model, SmolLM2 135M as a GGUF of 98 MB."""
    if not MODEL.is_file():
        without(f"no {MODEL.name} in .parts/models")
    return MODEL


@pytest.fixture(scope="session")
def minilm() -> Path:
    """Return the folder of a real embedding model in safetensors, all-MiniLM-L6-v2, 91 MB."""
    if not (MINILM / "model.safetensors").is_file():
        without(f"no {MINILM.name} in .parts")
    return MINILM


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Give one real browser for the whole run (tests.parts.chromium.Chromium)."""
    from tests.parts.chromium import Chromium, available

    if reason := available():
        without(reason)
    with Chromium(tmp_path_factory.mktemp("chromium")) as program:
        yield program


@pytest.fixture
def unique() -> str:
    """Return the start of a model name that no other test uses."""
    return f"t{next(_numbers)}-{os.getpid()}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder `manifests` in the working directory."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "manifests"
    made.mkdir()
    return made


@pytest.fixture
def reconciler(capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """Return a function that runs a command in this process (tests.commands.Result)."""
    from tests.commands import command

    return lambda *words: command(capsys, words)


@pytest.fixture
def authority(tmp_path: Path) -> "Authority":
    """Give an authority that issues certificates, and that nobody trusts."""
    from tests.parts.tls import Authority

    return Authority(tmp_path)


@pytest.fixture
def trusted(authority: "Authority", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this machine trust that authority."""
    from reconciler.recall.connection import trusted_here

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    trusted_here.cache_clear()
    yield
    trusted_here.cache_clear()
