"""A registry that says what it is told to: for the answers that no real registry gives on demand."""

import threading
from functools import partial
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http_faults import Fault, Faults, FaultyHandler, Request

TOKEN = "anonymous-token"  # what anybody gets at `/token`


class OciServer:
    """Manifests by `<namespace>/<model>:<tag>`; `realm` makes it ask for a token first."""

    def __init__(self) -> None:
        self.manifests: dict[str, bytes] = {}
        self.realm = ""  # where it says that tokens are; empty where it asks for none
        self.faults = Faults()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def requests(self) -> list[Request]:
        """Return every request so far, oldest first."""
        return self.faults.requests

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer every request from now on with this."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.add(Fault("oci", times=1000, status=status, body=body, headers=named))


class _Handler(FaultyHandler):
    server_name = "oci"

    def __init__(self, server: OciServer, *args: object) -> None:
        self.registry, self.faults = server, server.faults
        super().__init__(*args)  # type: ignore[arg-type]  # what the server gives

    def respond(self) -> None:
        """Answer a manifest, or a token for the asking."""
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self.send_json({"token": TOKEN} if parse_qs(parts.query).get("scope") else {})
            return
        _, _, namespace, model, _, tag = parts.path.split("/")
        body = self.registry.manifests.get(f"{namespace}/{model}:{tag}")
        if self.registry.realm and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            scope = f"repository:{namespace}/{model}:pull"
            challenge = f'Bearer realm="{self.registry.realm}",service="hub",scope="{scope}"'
            self.send(401, b"", {"WWW-Authenticate": challenge})
        elif body is None:
            self.send(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
        else:
            self.send(200, body, {"Content-Type": "text/plain"})
