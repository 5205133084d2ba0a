"""A server on loopback that answers exactly what a test tells it to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """One server: its address, and what came in."""

    url: str
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers
    connections: set[tuple[str, int]] = field(default_factory=set)

    def seen(self, header: str) -> list[str | None]:
        """Return the value of one header in each request."""
        return [headers.get(header.lower()) for _, _, headers in self.requests]


Serve = Callable[[Answer], Site]


def reply(handler: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"", **headers: str) -> None:
    """Answer with a body of known length; `Retry_After` is the header Retry-After."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def _site(answer: Answer) -> Iterator[Site]:
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def handle_one_request(self) -> None:
            """Note where a request comes from."""
            site.connections.add(self.client_address)
            super().handle_one_request()

        def _handle(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.requests.append((self.command, self.path, headers))
            answer(self)

        do_GET = do_POST = do_HEAD = _handle  # noqa: N815 -- the names that http.server looks for

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is no news here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield site
        server.shutdown()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that starts servers, which live as long as the test."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(_site(answer))
