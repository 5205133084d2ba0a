"""A fake Ollama server: real HTTP on loopback, a content-addressed store in memory, and faults on demand.

It has the quirks of the original that matter to us: names folded part by part, parameters in
random order, errors inside streams under HTTP 200, a missing base that empties the model, and
licences that grow. It earns trust by passing the suite that real servers pass.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.fakes._ollama_answers import Mouth
from tests.fakes._ollama_making import STOPS_AT_ERRORS, create, pull
from tests.fakes._ollama_store import Line, Refused, Store, full_name, sha256

CALLS = {
    ("GET", "version"): "version",
    ("GET", "tags"): "tags",
    ("GET", "ps"): "ps",
    ("POST", "show"): "show",
    ("HEAD", "blobs"): "has_blob",
    ("POST", "blobs"): "upload",
    ("POST", "create"): "create",
    ("POST", "pull"): "pull",
    ("POST", "copy"): "copy",
    ("DELETE", "delete"): "delete",
    ("POST", "generate"): "generate",
    ("POST", "embed"): "embed",
}


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a kind; see `FakeOllama.fail`."""

    call: str
    times: int
    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    end: str = ""
    stall: float = 0.0
    after: bool = False
    restart: bool = False


@dataclass(frozen=True)
class Seen:
    """One request that came in; `body` is its JSON, empty for a blob."""

    call: str
    path: str
    headers: Mapping[str, str]
    body: Line


class FakeOllama(ThreadingHTTPServer):
    """A server that is there from the first line of `with` to the last."""

    daemon_threads = True

    def __init__(self, version: str = "0.9.3", *, token: str = "", hub: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.version_text, self.token, self.hub = version, token, hub
        self.store = Store(version=_numbers(version))
        self.seen: list[Seen] = []
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.mouth = Mouth()
        self.loaded = self.mouth.loaded  # the models that are said to be in memory
        self._faults: list[Fault] = []
        self._open: set[object] = set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            self.shutdown_request(connection)  # type: ignore[arg-type]

    def process_request(self, request: object, client_address: object) -> None:
        """Remember every connection, so that none outlives the server."""
        self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news here."""

    def fail(
        self,
        call: str,
        *,
        times: int = 1,
        status: int = 0,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        error: str = "",
        end: str = "",
        stall: float = 0.0,
        after: bool = False,
        restart: bool = False,
    ) -> None:
        """Have the next `times` calls go wrong: version, tags, show, has_blob, upload, create, pull, copy or delete.

        `status` and `body` answer at once, with `headers`; `error` is a line inside a stream under 200; `end` is
        "cut" (the connection breaks off in the middle) or "quiet" (the stream ends without success);
        `stall` waits that many seconds first. Nothing is done on the server, unless `after` is set.
        `restart` is no error: before the call is answered, the blobs are gone that no model uses, as after a restart.
        """
        assert call in CALLS.values()
        raw = body.encode() if isinstance(body, str) else body
        self._faults.append(Fault(call, times, status, raw, headers or {}, error, end, stall, after, restart))

    def fault(self, call: str) -> Fault | None:
        """Return what goes wrong with this call, and count it."""
        for fault in self._faults:
            if fault.call == call and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def calls(self, *kinds: str) -> list[str]:
        """Return the calls that came in, in order; only of these kinds where some are named."""
        return [seen.call for seen in self.seen if not kinds or seen.call in kinds]


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = version.partition("-")[0].split(".")
    return int(major), int(minor), int(patch)


class _Handler(BaseHTTPRequestHandler):
    """The API, request by request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement
    server: FakeOllama

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        content = self.rfile.read(length := int(self.headers.get("Content-Length") or 0))
        part = self.path.removeprefix("/api/").split("/")[0]
        call = CALLS.get((self.command, part), "")
        request = {} if call == "upload" or not content else json.loads(content)
        self.server.seen.append(Seen(call, self.path, dict(self.headers), request))
        if len(content) < length:
            return None  # whoever sent it hung up: nothing of it is kept
        if self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return self._answer(401, b'{"error":"unauthorized"}')
        if not call:
            return self._answer(404, b"404 page not found")
        if (fault := self.server.fault(call)) and not self._goes_on(fault, call, request, content):
            return None
        try:
            with self.server.lock:
                return getattr(self, f"_{call}")(request, content)  # type: ignore[no-any-return]
        except Refused as refusal:
            return self._answer(refusal.status, json.dumps({"error": refusal.text}).encode())

    do_GET = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815 -- the names that http.server looks for

    def _goes_on(self, fault: Fault, call: str, request: Line, content: bytes) -> bool:
        """Do what a fault asks for; tell whether the call is to be answered after all."""
        if fault.stall and self.server.closing.wait(fault.stall):
            return False
        if fault.restart:
            self.server.store.restart()
        if fault.after and call in {"create", "pull"}:
            with suppress(Refused), self.server.lock:
                list(self._work(call, request, streaming=True))
        if fault.status:
            self._answer(fault.status, fault.body, fault.headers)
        elif fault.error or fault.end:
            self._broken(fault)
        return not (fault.status or fault.error or fault.end)

    def _broken(self, fault: Fault) -> None:
        """Send the beginning of a stream, and then an error, nothing, or a broken connection."""
        self._begin_stream()
        self._chunk({"status": "working on it"})
        if fault.error:
            self._chunk({"error": fault.error})
        if fault.end == "cut":
            self.wfile.write(b'40\r\n{"status":"wri')
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode())

    def _version(self, request: Line, content: bytes) -> None:
        self._json({"version": self.server.version_text})

    def _tags(self, request: Line, content: bytes) -> None:
        self._json({"models": self.server.store.listed()})

    def _ps(self, request: Line, content: bytes) -> None:
        self._json({"models": [{"name": name, "model": name} for name in self.server.loaded]})

    def _show(self, request: Line, content: bytes) -> None:
        self._json(self.server.store.show(str(request.get("model", ""))))

    def _has_blob(self, request: Line, content: bytes) -> None:
        self._answer(200 if self.path.rpartition("/")[2] in self.server.store.blobs else 404)

    def _upload(self, request: Line, content: bytes) -> None:
        wanted, digest = self.path.rpartition("/")[2], self.server.store.put(content)
        if wanted != sha256(content):
            raise Refused(f'digest mismatch, expected "{wanted}", got "{digest}"', 400)
        self._answer(201)

    def _copy(self, request: Line, content: bytes) -> None:
        source = self.server.store.existing(str(request["source"]))
        if source not in self.server.store.manifests:
            raise Refused(f'model "{request["source"]}" not found', 404)
        target = self.server.store.existing(str(request["destination"]))
        self.server.store.manifests[target] = self.server.store.manifests[source]
        self._answer(200)

    def _delete(self, request: Line, content: bytes) -> None:
        gone = self.server.store.manifests.pop(self.server.store.existing(str(request["model"])), None)
        if gone is None:
            raise Refused(f"model '{request['model']}' not found", 404)
        self.server.store.drop_unused(gone)
        self._answer(200)

    def _generate(self, request: Line, content: bytes) -> None:
        self._json(self.server.mouth.generate(self.server.store, request))

    def _embed(self, request: Line, content: bytes) -> None:
        self._json(self.server.mouth.embed(self.server.store, request))

    def _create(self, request: Line, content: bytes) -> None:
        full_name(str(request.get("model", "")))
        self._streamed(request, "create")

    def _pull(self, request: Line, content: bytes) -> None:
        full_name(str(request.get("model", "")))
        self._streamed(request, "pull")

    def _work(self, call: str, request: Line, *, streaming: bool) -> Iterator[Line]:
        store = self.server.store
        return (
            create(store, request, streaming=streaming) if call == "create" else pull(store, request, self.server.hub)
        )

    def _streamed(self, request: Line, call: str) -> None:
        """Stream the work; without `stream` answer once at its end, with a status that means something."""
        streaming = request.get("stream", True)
        work = self._work(call, request, streaming=bool(streaming))
        if not streaming:
            return self._json(list(work)[-1])
        begun = False
        try:
            for line in work:
                begun = begun or self._begin_stream()
                self._chunk(line)
        except Refused as refusal:
            if not begun and self.server.store.version >= STOPS_AT_ERRORS:
                raise
            begun = begun or self._begin_stream()
            self._chunk({"error": refusal.text})
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _begin_stream(self) -> bool:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        return True

    def _chunk(self, line: Line) -> None:
        raw = json.dumps(line).encode() + b"\n"
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
