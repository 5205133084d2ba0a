"""The ways an exchange takes: again, elsewhere, through a proxy, over a connection that is open already."""

from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest

from reconciler.errors import TransportError
from reconciler.transport import Http
from tests.transport.conftest import Answer, Serve, Site, reply

TOKEN = {"Authorization": "Bearer s3cret", "X-Other": "kept"}


def moved(to: str) -> Answer:
    return lambda handler: reply(handler, 302, Location=to) if handler.path == "/old" else reply(handler, 200, b"new")


def failing(status: int, times: int, **headers: str) -> Answer:
    left = [times]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        left[0] -= 1
        reply(handler, status if left[0] >= 0 else 200, **headers)

    return answer


def test_redirect_is_an_answer_unless_it_may_be_followed(serve: Serve) -> None:
    site = serve(moved("/new"))
    answer = Http().request("GET", f"{site.url}/old", headers=TOKEN)
    assert (answer.status, answer.headers["Location"]) == (302, "/new")
    assert len(site.requests) == 1


def test_redirect_at_home_keeps_the_token(serve: Serve) -> None:
    site = serve(moved("/new"))
    assert Http().request("GET", f"{site.url}/old", headers=TOKEN, redirects=3).body == b"new"
    assert site.seen("Authorization") == ["Bearer s3cret", "Bearer s3cret"]


def test_redirect_to_another_origin_drops_the_token(serve: Serve) -> None:
    other = serve(lambda handler: reply(handler, 200, b"elsewhere"))
    site = serve(moved(f"{other.url}/x"))
    assert Http().request("GET", f"{site.url}/old", headers=TOKEN, redirects=3).body == b"elsewhere"
    assert other.seen("Authorization") == [None]
    assert other.seen("X-Other") == ["kept"]


def test_redirects_end_at_their_limit(serve: Serve) -> None:
    site = serve(lambda handler: reply(handler, 302, Location="/again"))
    assert Http().request("GET", site.url, redirects=2).status == 302
    assert len(site.requests) == 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reading_is_tried_again_after_a_passing_fault(serve: Serve, status: int) -> None:
    site = serve(failing(status, 1))
    assert Http().request("GET", site.url).status == 200
    assert len(site.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_writing_is_never_tried_again(serve: Serve, status: int) -> None:
    site = serve(failing(status, 1, Retry_After="0"))
    assert Http().request("POST", site.url, body=b"x").status == status
    assert len(site.requests) == 1


def test_fault_that_does_not_pass_is_the_answer(serve: Serve) -> None:
    site = serve(failing(503, 99, Retry_After="0"))
    assert Http().request("GET", site.url).status == 503
    assert len(site.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_other_faults_are_answers_at_once(serve: Serve, status: int) -> None:
    site = serve(failing(status, 1))
    assert Http().request("GET", site.url).status == status
    assert len(site.requests) == 1


def test_connection_is_used_again(serve: Serve) -> None:
    site, http = serve(lambda handler: reply(handler, 200, b"x")), Http()
    for _ in range(5):
        http.request("GET", site.url)
    assert len(site.requests) == 5
    assert len(site.connections) == 1


def test_threads_share_one_client(serve: Serve) -> None:
    site, http = serve(lambda handler: reply(handler, 200, handler.path.encode())), Http()
    with ThreadPoolExecutor(16) as pool:
        bodies = list(pool.map(lambda n: http.request("GET", f"{site.url}/{n}").body, range(100)))
    assert bodies == [f"/{n}".encode() for n in range(100)]
    assert len(site.connections) <= 16


@pytest.fixture
def proxy(serve: Serve) -> Site:
    """Give a proxy that answers everything itself."""
    return serve(lambda handler: reply(handler, 200, b"by proxy"))


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_proxy_of_the_environment_is_used(
    serve: Serve, proxy: Site, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url.replace("http://", scheme))
    assert Http().request("GET", "http://hub.example/x").body == b"by proxy"
    assert proxy.requests[0][1] == "http://hub.example/x"
    assert proxy.seen("Proxy-Authorization") == [None]


def test_credentials_in_the_address_of_a_proxy_go_to_the_proxy(proxy: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://me:p%40ss@"))
    Http().request("GET", "http://hub.example/x")
    assert proxy.seen("Proxy-Authorization") == ["Basic bWU6cEBzcw=="]


@pytest.mark.parametrize("exempt", ["127.0.0.1", "*"])
def test_no_proxy_is_heeded(serve: Serve, proxy: Site, monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    site = serve(lambda handler: reply(handler, 200, b"direct"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", exempt)
    assert Http().request("GET", site.url).body == b"direct"
    assert proxy.requests == []


def test_socks_proxy_for_all_does_not_stop_us(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    assert Http().request("GET", serve(reply).url).status == 200


@pytest.mark.parametrize("address", ["nonsense://x", "http://[", "http://127.0.0.1:1"])
def test_proxy_that_cannot_be_used_is_a_failed_exchange(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("http_proxy", address)
    with pytest.raises(TransportError) as caught:
        Http().request("GET", "http://hub.example/secret")
    assert "secret" not in str(caught.value)
