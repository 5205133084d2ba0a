"""One exchange: bodies in and out, and every way in which it can fail."""

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from reconciler import transport
from reconciler.errors import TransportError
from reconciler.transport import Http, origin
from tests.transport.conftest import Serve, reply


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """Give a server that takes one connection, sends these bytes, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def test_answer_comes_whole_whatever_its_status(serve: Serve) -> None:
    site = serve(lambda handler: reply(handler, 418, b'{"tea": true}', X_Kind="pot"))
    answer = Http().request("GET", f"{site.url}/a?b=c")
    assert (answer.status, answer.text, answer.json()) == (418, '{"tea": true}', {"tea": True})
    assert answer.headers["x-kind"] == "pot"
    assert site.requests[0][:2] == ("GET", "/a?b=c")
    assert (site.seen("User-Agent")[0] or "").startswith("reconciler/")


@pytest.mark.parametrize("body", [b"<html>", b"", b"{", b"\xff", b"[" * 100_000])
def test_answer_that_is_not_json_says_so(serve: Serve, body: bytes) -> None:
    site = serve(lambda handler: reply(handler, 200, body))
    answer = Http().request("GET", site.url)
    with pytest.raises(TransportError, match="not JSON"):
        answer.json()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"garbage\r\n\r\n",
        b"",
    ],
)
def test_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    with raw_server(answer) as url, pytest.raises(TransportError, match="connection broke") as caught:
        Http().request("POST", url, body=b"x")
    assert caught.value.where == url
    assert not caught.value.timed_out


def test_broken_stream_gives_its_lines_and_then_fails() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\none\ntwo\n\r\n5\r\nthr"
    with raw_server(answer) as url, Http().stream("POST", url) as stream:
        lines = stream.lines()
        assert [next(lines), next(lines)] == [b"one", b"two"]
        with pytest.raises(TransportError, match="connection broke"):
            next(lines)


def test_lines_come_as_they_are_sent_and_whatever_their_pieces(serve: Serve) -> None:
    go_on = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"6\r\none\ntw\r\n")
        assert go_on.wait(5)
        handler.wfile.write(b"7\r\no\n\nlast\r\n0\r\n\r\n")

    with Http().stream("GET", serve(answer).url) as stream:
        lines = stream.lines()
        assert next(lines) == b"one"
        go_on.set()
        assert list(lines) == [b"two", b"", b"last"]


def test_answer_without_end_is_cut_off_at_the_limit(serve: Serve) -> None:
    block = b"x" * (1 << 20)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while True:
            handler.wfile.write(block)

    site = serve(answer)
    with pytest.raises(TransportError, match=f"larger than {transport.BODY_LIMIT} bytes"):
        Http().request("GET", site.url)
    with Http().stream("GET", site.url) as stream, pytest.raises(TransportError, match="has no end"):
        list(stream.lines())


@pytest.mark.parametrize("begun", [False, True])
def test_silence_is_a_timeout(serve: Serve, begun: bool) -> None:
    over = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if begun:
            handler.send_response(200)
            handler.send_header("Content-Length", "10")
            handler.end_headers()
        over.wait(10)

    site = serve(answer)
    with pytest.raises(TransportError, match="silent for too long") as caught:
        Http(stall_timeout=0.1).request("POST", site.url)
    over.set()
    assert caught.value.timed_out
    assert caught.value.where == site.url


def test_longer_silence_can_be_allowed_for_one_request(serve: Serve) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        reply(handler)

    site, http = serve(answer), Http(stall_timeout=0.1)
    assert http.request("POST", site.url, stall=5).status == 200
    with http.stream("POST", site.url, stall=5) as stream:
        assert stream.status == 200


def test_server_may_take_its_time_to_read_an_upload(serve: Serve, tmp_path: Path) -> None:
    size = 32 << 20  # more than the buffers of a loopback connection hold
    path = tmp_path / "large"
    path.write_bytes(bytes(size))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        left = size
        while left:
            left -= len(handler.rfile.read(min(left, 1 << 20)))
        reply(handler, 201)

    site = serve(answer)
    http = Http(connect_timeout=0.1, stall_timeout=5)
    with path.open("rb") as file:
        assert http.request("POST", site.url, body=file, headers={"Content-Length": str(size)}).status == 201
    assert site.seen("Content-Length") == [str(size)]
    assert site.seen("Transfer-Encoding") == [None]


def test_file_is_sent_whole(serve: Serve) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, 200, handler.rfile.read(int(handler.headers["Content-Length"])))

    content = bytes(range(256)) * 5000
    headers = {"Content-Length": str(len(content))}
    assert Http().request("POST", serve(answer).url, body=io.BytesIO(content), headers=headers).body == content


def test_closed_port_is_no_timeout() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(TransportError, match="no connection: connection refused") as caught:
            Http().request("GET", url)
    assert not caught.value.timed_out


def test_name_that_is_unknown_says_so() -> None:
    with pytest.raises(TransportError, match="its name is not known") as caught:
        Http().request("GET", "http://no-such-host.invalid/secret")
    assert str(caught.value).startswith("http://no-such-host.invalid: ")
    assert not caught.value.timed_out


@pytest.mark.parametrize("name", ["a..b", f"{'a' * 64}.example"])
def test_name_that_no_host_can_have_says_so(name: str) -> None:
    with pytest.raises(TransportError, match="its name can't be that of a host") as caught:
        Http().request("GET", f"http://{name}/")
    assert "ASCII" in caught.value.hint


def test_server_that_takes_no_connection_is_a_timeout() -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        with pytest.raises(TransportError, match="no connection in time") as caught:
            Http(connect_timeout=0.1).request("POST", f"http://127.0.0.1:{full.getsockname()[1]}")
    assert caught.value.timed_out


@pytest.mark.parametrize("url", ["http://[::1", "ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "no address"])
def test_address_that_is_none_is_a_failed_exchange(url: str) -> None:
    with pytest.raises(TransportError):
        Http().request("GET", url)


def test_plain_http_behind_https_is_a_tls_fault(serve: Serve) -> None:
    site = serve(reply)
    with pytest.raises(TransportError, match="TLS failed") as caught:
        Http().request("GET", site.url.replace("http:", "https:"))
    assert "http against https" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@host:80/path?q=secret#secret", "http://host:80"),
        ("https://host/secret", "https://host"),
        ("http://[::1]:11434/secret", "http://[::1]:11434"),
        ("https://[fe80::1]/", "https://[fe80::1]"),
        ("http://secret:secret", "what is no address"),
        ("secret", "what is no address"),
    ],
)
def test_origin_shows_nothing_secret(url: str, shown: str) -> None:
    assert origin(url) == shown
