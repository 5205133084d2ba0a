"""What is heard over a plain connection: the same as `http.client` hears, or nothing."""

import socket
from collections.abc import Callable, Iterator
from http.client import HTTPResponse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.recall.connection import Connection
from reconciler.recall.exchange import Question
from reconciler.transport import USER_AGENT
from tests.fakes.ollama_server import FakeOllama

TOLD = "HTTP/1.1 200 OK\r\n"
Told = tuple[int, list[tuple[str, str]], bytes]


def question(method: str = "GET", **headers: str) -> Question:
    return Question.of(method, "http://host/x", headers)


def heard(answer: str, method: str = "GET") -> Told:
    """Return what is heard of this answer; raises OSError or ValueError."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer.encode("latin-1"))
        theirs.shutdown(socket.SHUT_WR)
        told = Connection(ours, "host").ask(question(method), "/x")
    return told.status, list(told.headers), told.body


def witnessed(answer: str, method: str) -> Told:
    """Return what `http.client` hears of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer.encode("latin-1"))
        theirs.shutdown(socket.SHUT_WR)
        response = HTTPResponse(ours, method=method)
        response.begin()
        body = response.read()
        return response.status, response.getheaders(), body


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("Content-Length: 2\r\n\r\nhi", b"hi"),
        ('content-length: 2\r\nETag: "a b"\r\n\r\nhi and more', b"hi"),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nA\r\n, everyone\r\n0\r\n\r\n", b"hi, everyone"),
        ("\r\nuntil it ends", b"until it ends"),
        ("Content-Length: 0\r\n\r\n", b""),
    ],
)
def test_an_answer_is_heard_whole(answer: str, body: bytes) -> None:
    assert heard(TOLD + answer) == witnessed(TOLD + answer, "GET")
    assert heard(TOLD + answer)[2] == body


@pytest.mark.parametrize(
    ("answer", "method"),
    [
        (f"{TOLD}Content-Length: 7\r\n\r\n", "HEAD"),
        (f"{TOLD}Transfer-Encoding: chunked\r\n\r\n", "HEAD"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "GET"),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "GET"),
    ],
)
def test_some_answers_have_no_body(answer: str, method: str) -> None:
    assert heard(answer, method) == witnessed(answer, method)
    assert heard(answer, method)[2] == b""


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\n\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 2OO OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 1000 What\r\n\r\n",
        f"{TOLD}Content-Length: 3\r\n\r\nhi",
        f"{TOLD}Content-Length: -1\r\n\r\nhi",
        f"{TOLD}Content-Length: +2\r\n\r\nhi",
        f"{TOLD}Content-Length: {33 << 20}\r\n\r\nhi",
        f"{TOLD}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        f"{TOLD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        f"{TOLD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        f"{TOLD}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        f"{TOLD}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
        f"{TOLD}Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
        f"{TOLD}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nETag: 1\r\n\r\n",
        f"{TOLD}Transfer-Encoding: chunked\r\n\r\n2000001\r\nhi\r\n0\r\n\r\n",
        f"{TOLD}Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n",
        f"{TOLD}ETag 1\r\n\r\n",
        f"{TOLD}ETag : 1\r\n\r\n",
        f"{TOLD}ETag: 1\r\n 2\r\n\r\n",
        f"{TOLD}ETag: 1\r2\r\n\r\n",
        f"{TOLD}ETag: {'1' * (1 << 16)}\r\n\r\n",
        TOLD + "A: b\r\n" * 101 + "\r\n",
    ],
    ids=lambda answer: answer[-40:],
)
def test_what_is_unusual_is_not_heard(answer: str) -> None:
    with pytest.raises(ValueError):
        heard(answer)


LINES = st.sampled_from(
    [
        *("HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 204", "HTTP/1.1 304 x", ""),
        *("Content-Length: 2", "Content-Length:2", "Content-Length:  5", "content-length: 0", "Content-Length: 2 "),
        *("Transfer-Encoding: chunked", "transfer-encoding:CHUNKED", "Transfer-Encoding: identity"),
        *("Connection: close", 'ETag: "1"', "ETag:", "ETag: 1 ", " folded", "X:\ty", "a:b:c", 'Link: <a>; rel="b"'),
        *("2", "hi", "0", "a", "h", "5", "hello", "02", "2;x=y", "\xe9: \xe9", "é"),
    ]
)
ENDS = st.sampled_from(["\r\n", "\r\n", "\r\n", "\r\n", "\n", ""])
ANSWERS = st.lists(st.tuples(LINES, ENDS), max_size=9).map(lambda parts: "".join(line + end for line, end in parts))
METHODS = st.sampled_from(["GET", "HEAD"])


@given(method=METHODS, answer=st.one_of(ANSWERS, ANSWERS.map(lambda rest: TOLD + rest)))
@example(method="GET", answer=f"{TOLD}ETag: 1 \r\nContent-Length: 2\r\n\r\nhi")
@example(method="GET", answer=f"{TOLD}Transfer-Encoding: chunked\r\n\r\n02\r\nhi\r\n0\r\n\r\n")
def test_whatever_is_heard_is_what_the_standard_library_hears(method: str, answer: str) -> None:
    try:
        ours = heard(answer, method)
    except ValueError:
        return
    assert ours == witnessed(answer, method)


def test_one_connection_serves_many_questions_until_an_answer_ends_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, "host")
        for more, left in (("", True), ("", True), ("Connection: close\r\n", False)):
            theirs.sendall(f"{TOLD}{more}Content-Length: 2\r\n\r\nhi".encode())
            assert connection.open
            assert connection.ask(question(), "/x").body == b"hi"
            assert connection.open == left
        asked = theirs.recv(10_000).decode()
    assert asked == "GET /x HTTP/1.1\r\nHost: host\r\nAccept-Encoding: identity\r\n\r\n" * 3


@pytest.mark.parametrize("answer", ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", f"{TOLD}\r\n"])
def test_an_answer_that_ends_with_its_connection_leaves_none(answer: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, "host")
        theirs.sendall(answer.encode())
        theirs.shutdown(socket.SHUT_WR)
        connection.ask(question(), "/x")
        assert not connection.open


def test_a_fault_leaves_none() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, "host")
        theirs.sendall(f"{TOLD}Content-Length: what\r\n\r\n".encode())
        with pytest.raises(ValueError, match="not a number"):
            connection.ask(question(), "/x")
        assert not connection.open


@pytest.mark.parametrize(
    ("headers", "target"),
    [({"X": "a\r\nY: b"}, "/x"), ({"X\r\nY": "b"}, "/x"), ({}, "/x\r\nY: b"), ({}, "/a b"), ({"X": "é"}, "/x")],
)
def test_a_request_that_would_be_another_is_not_sent(headers: dict[str, str], target: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(ValueError):
            Connection(ours, "host").ask(question("GET", **headers), target)
        ours.close()
        theirs.settimeout(1)
        assert theirs.recv(100) == b""


@pytest.fixture
def place() -> Iterator[Callable[[str], str]]:
    with FakeOllama() as server:
        port = server.url.rpartition(":")[2]
        yield lambda host: f"{host}:{port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_reaches_a_server_as_we_do(place: Callable[[str], str], host: str) -> None:
    connection = Connection.to("http", place(host))
    told = connection.ask(Question.of("GET", "", {"User-Agent": USER_AGENT}), "/api/version")
    connection.close()
    assert (told.status, b"version" in told.body) == (200, True)


@pytest.mark.parametrize(
    ("scheme", "place", "error"),
    [
        ("ftp", "127.0.0.1", KeyError),
        ("http", "127.0.0.1:many", ValueError),
        ("http", "127.0.0.1:1", OSError),
        ("http", "[::1]:1", OSError),
        ("http", "[::1]x:1", OSError),
        ("http", "", OSError),
    ],
)
def test_a_place_that_is_none_is_an_error(scheme: str, place: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Connection.to(scheme, place)
