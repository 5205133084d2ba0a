"""Hosts that answer nonsense: it is refused or taken as text, and never ends in a bug."""

import json
from collections.abc import Iterator

import pytest

from reconciler.core.digest import fingerprint
from reconciler.core.names import HostName, ModelName
from reconciler.errors import HostRejected
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.hosts.stream import follow
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama

TINY = ModelName.parse("tiny")
DIGEST = "a" * 64


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama() as made:
        yield made


@pytest.fixture
def host(server: FakeOllama) -> OllamaHost:
    return OllamaHost(HostName("a"), server.url, Http(stall_timeout=5), patience=5)


@pytest.mark.parametrize("size", ["-1", "true", "1" + "0" * 30, "1" + "0" * 400, "1e3", "NaN", "null", '"1"'])
def test_a_size_that_no_disk_has_is_refused(server: FakeOllama, host: OllamaHost, size: str) -> None:
    server.fail("tags", status=200, body=f'{{"models":[{{"name":"tiny","digest":"{DIGEST}","size":{size}}}]}}')
    with pytest.raises(HostRejected, match="listed without a digest or size"):
        host.models()


@pytest.mark.parametrize(
    "printed",
    [
        "NaN",
        "1e999",
        "-Infinity",
        "1" + "0" * 400,
        "1" * 5000,
        "[" * 100_000,
        "[NaN]",
        r'"\Uffffffff"',
        r'"\U00110000"',
    ],
    ids=lambda text: text[:12],
)
def test_a_parameter_that_json_does_not_know_is_text(server: FakeOllama, host: OllamaHost, printed: str) -> None:
    server.fail("show", status=200, body=json.dumps({"modelfile": "FROM x\n", "parameters": f"x {printed}"}))
    ((path, value),) = host.show(TINY)
    assert path == "parameters.x"
    assert value == printed.strip('"')
    assert fingerprint(value)


def test_a_version_is_short_and_fit_to_print(server: FakeOllama, host: OllamaHost) -> None:
    server.fail("version", status=200, body=json.dumps({"version": "0.9.3\x1b[31m\n\u202e\ud800" + "x" * 1_000_000}))
    found = host.version()
    assert found.isprintable()
    assert found.startswith("0.9.3")
    assert len(found) <= 300


@pytest.mark.parametrize("bytes_", [-1, True, 10**400, 1e400, "1", None])
def test_progress_counts_only_bytes_that_could_be(bytes_: object) -> None:
    seen: list[tuple[str, int, int]] = []
    lines = [{"status": "pulling", "digest": "x", "completed": bytes_, "total": bytes_}, {"status": "success"}]
    follow(lines, lambda *progress: seen.append(progress))
    assert {(done, total) for _, done, total in seen} == {(0, 0)}
