"""The throw-away server: one manifest at one path, and nothing that a stranger could do with it."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from reconciler.core.digest import Digest
from reconciler.core.steps import MANIFEST_TYPE
from reconciler.errors import HostError
from reconciler.hosts.manifest_server import ManifestServer, serving

BODY = b'{"schemaVersion": 2}'


@pytest.fixture
def server() -> Iterator[ManifestServer]:
    """Give a server of BODY."""
    with serving("127.0.0.1", BODY) as made:
        yield made


def path(server: ManifestServer) -> str:
    return f"/v2/{server.name.namespace}/{server.name.model}/manifests/{server.name.tag}"


def asked(server: ManifestServer, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server.server_address, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def sent(server: ManifestServer, data: bytes) -> bytes:
    """Return all that comes back for these bytes, until the connection ends or breaks."""
    received = b""
    with suppress(ConnectionError), socket.create_connection(server.server_address, timeout=5) as connection:
        connection.sendall(data)
        while more := connection.recv(4096):
            received += more
    return received


def _in_time(so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return time.monotonic() < deadline


def test_the_manifest_is_given_as_a_hub_gives_it(server: ManifestServer) -> None:
    assert not server.asked
    status, headers, body = asked(server, path(server))
    assert (status, body) == (200, BODY)
    assert headers["Content-Type"] == MANIFEST_TYPE
    assert headers["Docker-Content-Digest"] == str(Digest.of(BODY))
    assert headers["Content-Length"] == str(len(BODY))
    assert server.asked
    assert "Python" not in str(headers)


def test_head_is_the_same_without_the_content(server: ManifestServer) -> None:
    status, headers, body = asked(server, path(server), "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(BODY)))


def test_a_host_may_spell_the_name_in_another_case(server: ManifestServer) -> None:
    assert asked(server, path(server).replace("latest", "LATEST"))[0] == 200


@pytest.mark.parametrize(
    "other", ["/", "/v2/", "/v2/_catalog", "{path}/", "{path}?x=1", "{path}/..", "/..{path}", "//evil{path}", "{blobs}"]
)
def test_everything_else_is_not_there(server: ManifestServer, other: str) -> None:
    blobs = f"/v2/{server.name.namespace}/{server.name.model}/blobs/sha256:{'0' * 64}"
    assert asked(server, other.format(path=path(server), blobs=blobs))[0] == 404
    assert not server.asked
    assert server.asked_for_blobs == (other == "{blobs}")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "PROPFIND"])
def test_other_methods_are_not_allowed(server: ManifestServer, method: str) -> None:
    assert asked(server, path(server), method)[0] == 405
    assert not server.asked


def test_a_body_does_not_make_a_method_allowed(server: ManifestServer) -> None:
    request = f"POST {path(server)} HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
    assert b" 405 " in sent(server, request.encode())


@pytest.mark.parametrize("data", [b"hello\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_no_request_gets_no_manifest(server: ManifestServer, data: bytes) -> None:
    assert BODY not in sent(server, data)


def test_a_long_request_is_not_read_to_its_end(server: ManifestServer) -> None:
    request = f"GET {path(server)} HTTP/1.1\r\nX: ".encode() + b"x" * 20_000 + b"\r\n\r\n"
    assert sent(server, request) == b""
    assert not server.asked


def test_the_names_of_two_servers_can_not_be_guessed_from_each_other(server: ManifestServer) -> None:
    with serving("127.0.0.1", BODY) as other:
        assert len(server.name.model) == 24
        assert other.name.model != server.name.model
        assert asked(other, path(server))[0] == 404


def test_silent_strangers_keep_neither_the_host_out_nor_the_server_up() -> None:
    before = threading.active_count()
    with serving("127.0.0.1", BODY) as server:
        strangers = [socket.create_connection(server.server_address) for _ in range(10)]
        strangers[0].sendall(b"GET /")
        assert asked(server, path(server))[0] == 200
        started = time.monotonic()
    assert time.monotonic() - started < 2
    assert threading.active_count() == before
    for stranger in strangers:
        stranger.close()


def test_no_more_strangers_than_a_few_are_let_in(server: ManifestServer) -> None:
    strangers = [socket.create_connection(server.server_address) for _ in range(16)]
    request = f"GET {path(server)} HTTP/1.1\r\n\r\n".encode()
    assert sent(server, request) == b""
    strangers.pop().close()
    assert _in_time(lambda: BODY in sent(server, request))
    for stranger in strangers:
        stranger.close()


def test_after_its_use_nobody_listens() -> None:
    with serving("127.0.0.1", BODY) as server:
        pass
    with pytest.raises(ConnectionRefusedError):
        asked(server, path(server))


def test_a_fixed_port_is_used_by_one_host_after_the_other() -> None:
    with serving("127.0.0.1", BODY) as first:
        port = first.server_address[1]
        ending = threading.Timer(0.2, first.__exit__, (None, None, None))
        ending.start()
        with serving(f"127.0.0.1:{port}", BODY) as second:
            assert second.address == f"127.0.0.1:{port}"
            assert asked(second, path(second))[0] == 200
        ending.join()


@pytest.mark.parametrize("callback", ["192.0.2.1", "192.0.2.1:4000", "no-such-name.invalid"])
def test_an_address_that_is_not_ours_can_not_be_listened_at(callback: str) -> None:
    with pytest.raises(HostError, match=f"we can't listen at {callback}: ") as caught:
        serving(callback, BODY)
    assert not caught.value.retryable
