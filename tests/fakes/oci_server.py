"""A registry that says what it is told to: for the answers that no real registry gives on demand."""

import base64
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http_faults import Fault, Faults, FaultyHandler, Request

TOKEN = "anonymous-token"  # what anybody gets at `/token`
MEMBER = "member-token"  # what the login gets there, and what is then wanted


class OciServer:
    """Manifests by `<namespace>/<model>:<tag>` and blobs by digest; `realm` and `login` make it want more."""

    def __init__(self) -> None:
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, Path] = {}
        self.realm = ""  # where it says that tokens are; empty where it asks for none
        self.login = ""  # user:password, for a token where it has a realm and else for every request; empty for nobody
        self.storage = ""  # where it sends those who ask for a blob; empty where it gives them itself
        self.moved = 307  # the status with which it does so
        self.location = False  # whether it says, beside a blob, where that is
        self.faults = Faults()
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self))
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop; nobody listens there from then on."""
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


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news here."""


class _Handler(FaultyHandler):
    server_name = "oci"

    def __init__(self, server: OciServer, *args: object) -> None:
        self.registry, self.faults = server, server.faults
        super().__init__(*args)  # type: ignore[arg-type]  # what the server gives

    def respond(self) -> None:
        """Answer a manifest, a blob, or a token for the asking."""
        parts = urlsplit(self.path)
        if parts.path == "/token":
            return self._token(parts.query)
        if parts.path.startswith("/storage/"):
            return self.send_file(self.registry.blobs[parts.path.removeprefix("/storage/")])
        _, _, namespace, model, kind, what = (parts.path + "////").split("/")[:6]  # `/v2/` alone names none of these
        if self.headers.get("Authorization", "") != self._wanted():
            return self.send(401, b"", {"WWW-Authenticate": self._challenge(f"{namespace}/{model}")})
        if not namespace:
            return self.send(200, b"{}")
        if kind == "blobs":
            return self._blob(what)
        body = self.registry.manifests.get(f"{namespace}/{model}:{what}")
        if body is None:
            return self.send(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
        return self.send(200, body, {"Content-Type": "text/plain"})

    def _wanted(self) -> str:
        if self.registry.realm:
            return f"Bearer {MEMBER if self.registry.login else TOKEN}"
        return basic(self.registry.login) if self.registry.login else ""

    def _challenge(self, repo: str) -> str:
        if not self.registry.realm:
            return 'Basic realm="hub"'
        return f'Bearer realm="{self.registry.realm}",service="hub",scope="repository:{repo}:pull"'

    def _token(self, query: str) -> None:
        sent, login = self.headers.get("Authorization", ""), self.registry.login
        if login and sent:
            return self.send_json({"token": MEMBER}) if sent == basic(login) else self.send(401)
        return self.send_json({"token": TOKEN} if parse_qs(query).get("scope") else {})

    def _blob(self, digest: str) -> None:
        if digest not in self.registry.blobs:
            return self.send(404, b'{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}')
        if self.registry.storage:
            return self.send(self.registry.moved, b"", {"Location": f"{self.registry.storage}/storage/{digest}"})
        headers = {"Location": f"{self.registry.url}{self.path}"} if self.registry.location else {}
        return self.send_file(self.registry.blobs[digest], headers)


def basic(login: str) -> str:
    """Return the header for user:password."""
    return f"Basic {base64.b64encode(login.encode()).decode()}"
