"""An HTTP handler that keeps a record of every request and misbehaves on demand. Shared by the fake servers here."""

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

_BLOCK = 1 << 16  # bytes


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    server: str  # hub or cdn
    method: str
    path: str  # with its query
    authorization: str  # empty where none came
    range: str  # empty where none came
    user_agent: str


@dataclass
class Fault:
    """What goes wrong, and for which requests."""

    server: str = "cdn"
    method: str = "GET"
    path: str = ""  # a part of it
    times: int = 1
    status: int = 0  # answer this, with `headers` and `body`, instead of the truth
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False  # close the connection without an answer
    cut_after: int = -1  # close the connection after these bytes of content
    stall_after: int = -1  # say nothing more after these bytes of content
    flip_at: int = -1  # damage the byte at this place of the file
    ignore_range: bool = False  # answer 200 with everything
    delay: float = 0.0  # seconds before every 64 KiB
    download: bool = False  # only where all that follows is asked for, not a part that ends: a plan reads headers so

    def fits(self, request: Request) -> bool:
        """Tell whether it happens to this request."""
        same = (self.server, self.method) == (request.server, request.method)
        wanted = not self.download or not request.range or request.range.endswith("-")
        return self.times > 0 and same and self.path in request.path and wanted


@dataclass
class Faults:
    """The record and the faults to come."""

    requests: list[Request] = field(default_factory=list)
    waiting: list[Fault] = field(default_factory=list)
    sent: int = 0  # bytes of files
    released: threading.Event = field(default_factory=threading.Event)  # set when the servers stop
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> Fault:
        """Have it happen."""
        self.waiting.append(fault)
        return fault

    def take(self, request: Request) -> Fault:
        """Record a request; returns what goes wrong with it, a Fault that does nothing where all is well."""
        with self._guard:
            self.requests.append(request)
            for fault in self.waiting:
                if fault.fits(request):
                    fault.times -= 1
                    return fault
        return Fault(times=0)


class FaultyHandler(BaseHTTPRequestHandler):
    """Answers HEAD and GET through `respond`, after the record and the faults had their turn."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_name = ""
    faults: Faults
    fault: Fault

    def respond(self) -> None:
        """Answer as the real server would."""
        raise NotImplementedError

    def do_GET(self) -> None:
        request = Request(
            self.server_name,
            self.command,
            self.path,
            self.headers.get("Authorization", ""),
            self.headers.get("Range", ""),
            self.headers.get("User-Agent", ""),
        )
        self.fault = self.faults.take(request)
        if self.fault.drop:
            self.close_connection = True
        elif self.fault.status:
            self.send(self.fault.status, self.fault.body, self.fault.headers)
        else:
            self.respond()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the record is in `Faults`."""

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Answer with a small body."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_json(self, value: object, headers: dict[str, str] | None = None) -> None:
        """Answer 200 with JSON."""
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def send_file(self, path: Path, headers: dict[str, str] | None = None) -> None:
        """Answer with a file, or with the rest of it where a Range asks for that."""
        size = path.stat().st_size
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and not self.fault.ignore_range else 0
        end = int(wanted[2]) + 1 if wanted and wanted[2] and not self.fault.ignore_range else size
        if start >= size > 0:
            return self.send(416, b"", {"Content-Range": f"bytes */{size}"})
        partial = wanted is not None and not self.fault.ignore_range
        self.send_response(206 if partial else 200)
        about = {"Content-Range": f"bytes {start}-{end - 1}/{size}"} if partial else {}
        for name, value in {
            "Content-Length": str(end - start),
            "Accept-Ranges": "bytes",
            **about,
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            try:
                self._send_content(path, start, end)
            except ConnectionError:  # who knows enough hangs up
                self.close_connection = True
        return None

    def _send_content(self, path: Path, start: int, end: int) -> None:
        fault, sent = self.fault, 0
        with path.open("rb") as file:
            file.seek(start)
            while place := end - start - sent:
                if fault.delay:
                    self.faults.released.wait(fault.delay)
                limit = min(_BLOCK, place, *(at - sent for at in (fault.cut_after, fault.stall_after) if at > sent))
                block = bytearray(file.read(limit))
                if 0 <= fault.flip_at - start - sent < len(block):
                    block[fault.flip_at - start - sent] ^= 0xFF
                self.wfile.write(block)
                sent += len(block)
                self.faults.sent += len(block)
                if sent == fault.stall_after:
                    self.faults.released.wait()
                if sent in (fault.cut_after, fault.stall_after):
                    self.close_connection = True
                    return
