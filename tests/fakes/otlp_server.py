"""A collector of traces: real HTTP on loopback, read with OpenTelemetry's own protocol library."""

import threading
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Received:
    """One span."""

    name: str
    id: str
    parent: str
    trace: str
    failed: bool
    message: str
    attributes: dict[str, object]
    events: tuple[str, ...]
    began: int  # nanoseconds
    ended: int


class OtlpServer(ThreadingHTTPServer):
    """A collector that keeps what it gets; `silent` ones take requests and never answer."""

    daemon_threads = True

    def __init__(self, *, silent: bool = False, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.silent, self.status = silent, status
        self.closing = threading.Event()
        self.bodies: list[bytes] = []
        self.spans: list[Received] = []
        self.services: set[str] = set()
        self.headers: list[dict[str, str]] = []
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

    def take(self, body: bytes) -> None:
        """Read one request."""
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {
                item.value.string_value for item in resource.resource.attributes if item.key == "service.name"
            }
            self.spans += [_received(span) for scope in resource.scope_spans for span in scope.spans]


def _received(span: Span) -> Received:
    values = {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}
    return Received(
        name=span.name,
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        trace=span.trace_id.hex(),
        failed=span.status.code == 2,
        message=span.status.message,
        attributes=values,
        events=tuple(event.name for event in span.events),
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
    )


class _Handler(BaseHTTPRequestHandler):
    server: OtlpServer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Take spans."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.silent:
            self.server.closing.wait(30)
            return
        self.server.headers.append(dict(self.headers))
        if self.headers.get("Content-Encoding") == "gzip":
            body = zlib.decompress(body, 31)
        if self.server.status == 200:
            assert self.path == "/v1/traces"
            self.server.take(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
