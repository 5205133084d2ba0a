"""A throw-away server that gives a host one hub manifest, and nothing else to anybody.

It listens at the callback address only, for as long as its `with` lasts. The one path at which it
answers can't be guessed, and each connection is held to one short request, so nobody else on
that network gets anything from it or can keep it up.

A plan does not import this module: it has no use for a server.
"""

import errno
import os
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from types import TracebackType
from typing import Self

from reconciler.core.digest import Digest
from reconciler.core.names import DEFAULT_TAG, ModelName
from reconciler.core.steps import MANIFEST_TYPE, STAGING_NAMESPACE
from reconciler.errors import HostError

_LONGEST_REQUEST = 8 << 10  # bytes
_REQUEST_TIME = 10.0  # seconds in which a request must have come
_END = b"\r\n\r\n"
_CONNECTIONS = 16  # at once
_BUSY_PORT = 30.0  # seconds to wait for a port that another host is being served at
_POLL = 0.01  # seconds

_Request = socket.socket | tuple[bytes, socket.socket]  # as socketserver has it: the pair is UDP's


def serving(callback: str, body: bytes) -> "ManifestServer":
    """Return a server of this manifest at ADDRESS[:PORT], for a `with`; raises HostError where it can't listen.

    Where several hosts are served at one fixed port, each waits for its turn.
    """
    address, _, port = callback.partition(":")
    deadline = time.monotonic() + _BUSY_PORT
    while True:
        try:
            return ManifestServer(address, int(port or 0), body)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                why = (error.strerror or "its name is not known").lower()
                raise HostError(
                    f"we can't listen at {callback}: {why}", hint="`--listen` takes an address of this machine"
                ) from error
        time.sleep(_POLL)


class ManifestServer(ThreadingMixIn, TCPServer):
    """One manifest at one address.

    `name` is what a host must be told to pull, with plain http. `asked` and `asked_for_blobs` tell
    afterwards whether it came for the manifest, and whether it lacked a blob and wanted it from us.
    """

    request_queue_size = _CONNECTIONS
    allow_reuse_address = True  # else a fixed port is closed to us for a minute after each use

    def __init__(self, address: str, port: int, body: bytes) -> None:
        self.body, self.asked, self.asked_for_blobs = body, False, False
        self._open: set[_Request] = set()
        super().__init__((address, port), _Handler)
        self.address = f"{address}:{self.server_address[1]}"
        self.name = ModelName(self.address, STAGING_NAMESPACE, os.urandom(12).hex(), DEFAULT_TAG)
        self._thread = Thread(target=self.serve_forever, args=(_POLL,), name=f"manifest at {self.address}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        for connection in tuple(self._open):
            with suppress(OSError):  # it may have ended in this very moment
                assert isinstance(connection, socket.socket)
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()  # waits for the threads of the connections, which end now

    def process_request(self, request: _Request, client_address: object) -> None:
        """Answer in a thread of its own, so that a silent stranger holds up nobody."""
        if len(self._open) >= _CONNECTIONS:
            return super().shutdown_request(request)
        self._open.add(request)
        return super().process_request(request, client_address)

    def shutdown_request(self, request: _Request) -> None:
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whether the host came for the manifest is all that counts."""

    def seek(self, path: str) -> bytes | None:
        """Return what is at this path, None where nothing is; a host may spell a name in another case."""
        place = f"/v2/{self.name.namespace}/{self.name.model}/"
        asked = path.lower()
        if asked.startswith(f"{place}blobs/"):
            self.asked_for_blobs = True
        if asked != f"{place}manifests/{self.name.tag}":
            return None
        self.asked = True
        return self.body


class _Handler(BaseHTTPRequestHandler):
    """One short request, and the end of the connection."""

    server: ManifestServer

    def handle(self) -> None:
        """Answer one request, if it comes in time and is not too long."""
        head = self._head()
        if _END in head:
            self.rfile.close()
            self.rfile = BytesIO(head)
            super().handle()

    def parse_request(self) -> bool:
        """Tell whether the request is one to be answered; any other has its answer by then."""
        if not super().parse_request():
            return False
        if self.command not in {"GET", "HEAD"}:
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)
            return False
        return True

    def do_GET(self) -> None:
        """Answer with the manifest."""
        body = self.server.seek(self.path)
        if body is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", MANIFEST_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", str(Digest.of(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
        return None

    def do_HEAD(self) -> None:
        """Answer as to GET, but for the manifest itself."""
        self.do_GET()

    def version_string(self) -> str:
        """Return what is told about us: nothing that helps a stranger."""
        return "reconciler"

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to stderr."""

    def _head(self) -> bytes:
        """Return what came until the end of the headers, within the limits of size and time."""
        deadline, head = time.monotonic() + _REQUEST_TIME, b""
        while _END not in head and len(head) < _LONGEST_REQUEST:
            self.connection.settimeout(max(_POLL, deadline - time.monotonic()))
            data = self.connection.recv(_LONGEST_REQUEST - len(head))
            if not data or time.monotonic() > deadline:
                break
            head += data
        return head
