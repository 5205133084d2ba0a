"""What a host, or whatever stands in front of it, can do wrong, and what we say then."""

import socket
from collections.abc import Callable

import pytest

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.core.steps import Create, Pull
from reconciler.errors import HostError, HostRejected, HostTimeout, HostUnreachable
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File, make, quiet

MODEL = ModelName.parse("m")
TOKEN = "s3cret-t0ken"
Files = dict[str, File]


def host_at(url: str, **options: object) -> OllamaHost:
    http = Http(connect_timeout=1, stall_timeout=0.2)
    return OllamaHost(HostName("test"), url, http, **{"patience": 0.4, **options})  # type: ignore[arg-type]


@pytest.fixture
def host(fake: FakeOllama, files: Files) -> OllamaHost:
    """Give a host with a model `m`, and little patience."""
    made = host_at(fake.url)
    make(made, MODEL, files["model"])
    return made


def create(host: OllamaHost, files: Files) -> None:
    host.create(Create(MODEL, files=(("model.gguf", files["other"].digest),)), quiet)


def pull(host: OllamaHost, files: Files) -> None:
    host.pull(Pull(MODEL, insecure=True, manifest=Digest.of(b""), layers=()), quiet)


streaming = pytest.mark.parametrize("act", [create, pull])
Act = Callable[[OllamaHost, Files], None]


@streaming
def test_error_line_under_200_is_an_error(host: OllamaHost, fake: FakeOllama, files: Files, act: Act) -> None:
    fake.fail(act.__name__, error="write /blobs/x: no space left on device")
    with pytest.raises(HostRejected, match="no space left") as caught:
        act(host, files)
    assert caught.value.status == 200
    assert caught.value.hint == "free disk space on the host"
    assert caught.value.where == fake.url


@streaming
def test_stream_without_success_is_an_error(host: OllamaHost, fake: FakeOllama, files: Files, act: Act) -> None:
    fake.fail(act.__name__, end="quiet")
    with pytest.raises(HostRejected, match="without success"):
        act(host, files)


@streaming
def test_broken_stream_is_an_error_even_if_the_work_was_done(
    host: OllamaHost, fake: FakeOllama, files: Files, act: Act
) -> None:
    fake.fail(act.__name__, end="cut", after=True)
    with pytest.raises(HostUnreachable, match="connection broke"):
        act(host, files)


@streaming
def test_silent_stream_is_given_up_when_patience_ends(
    host: OllamaHost, fake: FakeOllama, files: Files, act: Act
) -> None:
    fake.fail(act.__name__, stall=30)
    with pytest.raises(HostTimeout, match="silent for too long") as caught:
        act(host, files)
    assert caught.value.retryable


def test_working_host_may_be_silent_longer_than_others(host: OllamaHost, fake: FakeOllama, files: Files) -> None:
    host.upload(files["other"].digest, Arrival.of(files["other"].path), quiet)
    fake.fail("create", stall=0.3)
    create(host, files)
    fake.fail("tags", times=2, stall=0.3)  # what only reads is tried twice
    with pytest.raises(HostTimeout):
        host.models()


@pytest.mark.parametrize("body", [b"not json\n", b"[1]\n", b'"success"\n', b"[" * 100_000])
def test_stream_that_is_not_objects_is_an_error(host: OllamaHost, fake: FakeOllama, files: Files, body: bytes) -> None:
    fake.fail("create", status=200, body=body)
    with pytest.raises(HostRejected, match="the stream holds a line that is not"):
        create(host, files)


def test_refused_token_is_named_by_its_variable_and_never_shown(fake: FakeOllama) -> None:
    fake.token = "another"
    host = host_at(fake.url, headers={"Authorization": f"Bearer {TOKEN}"}, token_env="GPU01_TOKEN")
    with pytest.raises(HostRejected, match="unauthorized") as caught:
        host.models()
    assert caught.value.status == 401
    assert caught.value.hint == "the token in $GPU01_TOKEN was not accepted"
    assert TOKEN not in f"{caught.value} {caught.value!r} {host!r} {host._wire!r}"


def test_missing_token_is_asked_for(fake: FakeOllama) -> None:
    fake.token = TOKEN
    with pytest.raises(HostRejected) as caught:
        host_at(fake.url).version()
    assert caught.value.hint == "it wants a token: declare spec.auth"


def test_token_goes_with_every_call(fake: FakeOllama, files: Files) -> None:
    fake.token = TOKEN
    host = host_at(fake.url, headers={"Authorization": f"Bearer {TOKEN}"}, token_env="T")
    make(host, MODEL, files["model"])
    host.create(Create(ModelName.parse("n"), base=MODEL, system="x"), quiet)
    host.show(MODEL)
    host.has_blob(files["model"].digest)
    host.copy(MODEL, ModelName.parse("c"))
    host.delete(MODEL)
    assert {"upload", "create", "tags", "version", "show", "has_blob", "copy", "delete"} == set(fake.calls())


def test_redirect_is_not_followed_and_takes_no_token_along(fake: FakeOllama) -> None:
    with FakeOllama() as other:
        host = host_at(fake.url, headers={"Authorization": f"Bearer {TOKEN}"}, token_env="T")
        fake.fail("tags", status=302, headers={"Location": f"{other.url}/api/tags"})
        with pytest.raises(HostRejected) as caught:
            host.models()
        assert other.seen == []
    assert "spec.url" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "body", "message", "hint"),
    [
        (403, b"", "HTTP 403 without a word", "Host header"),
        (403, b"denied", "denied", "declare spec.auth"),
        (500, b"<html>welcome", "a web page", "something else that listens there"),
        (404, b'{"error":"model not found"}', "model not found", ""),
        (413, b"<html>too large</html>", "a web page", "size of uploads"),
        (500, b'{"error":"boom"}', "boom", ""),
        (500, b'{"error":{"message":"boom"}}', "boom", ""),
        (500, b"\xff\xfe", "\ufffd\ufffd", ""),
        (404, b"404 page not found", "404 page not found", "something else that listens there"),
        (502, b" <html>\n<title>Bad gateway", "a web page", "cannot reach it"),
        (500, b'{"error":"\\u001b[31mred\\u001b[0m \\u0007bell\\nline\\u202e"}', "^red bell line$", ""),
        (500, b"x" * 1_000_000, "^x{299}…$", ""),
        (500, b"[" * 100_000, r"^\[{299}…$", ""),
    ],
)
def test_bad_status_is_an_error_in_plain_words(
    host: OllamaHost, fake: FakeOllama, files: Files, status: int, body: bytes, message: str, hint: str
) -> None:
    for call, act in (("copy", lambda: host.copy(MODEL, MODEL)), ("create", lambda: create(host, files))):
        fake.fail(call, status=status, body=body)
        with pytest.raises(HostRejected) as caught:
            act()  # type: ignore[no-untyped-call]
        assert caught.value.status == status
        assert pytest.RaisesExc(HostRejected, match=message).matches(HostRejected(caught.value.message))
        assert hint in caught.value.hint
        assert bool(hint) == bool(caught.value.hint)


@pytest.mark.parametrize(
    "body",
    ["<html>welcome</html>", "{", "[]", "{}", '{"models": 5}', '{"models": [{}]}', '{"models": [1]}', "[" * 100_000],
)
def test_answer_of_something_else_is_an_error_not_an_empty_host(host: OllamaHost, fake: FakeOllama, body: str) -> None:
    for call, act in (("tags", host.models), ("version", host.version), ("show", lambda: host.show(MODEL))):
        fake.fail(call, status=200, body=body)
        with pytest.raises(HostRejected, match="the answer"):
            act()


@pytest.mark.parametrize("status", [204, 400, 401, 405, 500])
def test_blob_is_neither_there_nor_absent_when_the_host_cannot_say(
    host: OllamaHost, fake: FakeOllama, files: Files, status: int
) -> None:
    fake.fail("has_blob", status=status)
    with pytest.raises(HostRejected, match=f"HTTP {status}"):
        host.has_blob(files["model"].digest)


@pytest.mark.parametrize("status", [200, 201])
def test_upload_is_done_when_the_host_says_so(host: OllamaHost, fake: FakeOllama, files: Files, status: int) -> None:
    fake.fail("upload", status=status)
    host.upload(files["other"].digest, Arrival.of(files["other"].path), quiet)
    fake.fail("upload", status=507)
    with pytest.raises(HostRejected, match="507"):
        host.upload(files["other"].digest, Arrival.of(files["other"].path), quiet)


def test_host_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(HostUnreachable, match="connection refused") as caught:
            host_at(f"{url}/secret/path").models()
    assert caught.value.where == url
    assert "secret" not in str(caught.value)


def test_show_without_a_modelfile_shows_nothing(host: OllamaHost, fake: FakeOllama) -> None:
    fake.fail("show", status=200, body='{"license": "MIT"}')
    with pytest.raises(HostRejected, match="no modelfile") as caught:
        host.show(MODEL)
    assert caught.value.where == fake.url


def test_passing_fault_of_a_proxy_is_waited_out_when_reading_only(host: OllamaHost, fake: FakeOllama) -> None:
    fake.fail("tags", status=503)
    assert len(host.models()) == 1
    fake.fail("copy", status=503)
    with pytest.raises(HostError, match="503"):
        host.copy(MODEL, MODEL)
    assert fake.calls("copy") == ["copy"]
