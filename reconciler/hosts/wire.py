"""The calls of Ollama's HTTP API that we use, one method each, over our own transport.

Every method raises HostUnreachable, HostTimeout or HostRejected, and nothing else, when the
server does not do its part. Redirects are never followed, so a token reaches no other host.

Why not the official client: importing it takes as long as a whole no-op plan and opens a
second HTTP stack from the environment, which fails on a SOCKS proxy, on IPv6 networks in
NO_PROXY and on an OLLAMA_HOST that it cannot read, before any call of ours could prevent it;
its `show` loses fields, and a stream that breaks off is a success to it. The tests use it as
a witness: what we write, it reads.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC
from typing import Any, BinaryIO, cast

from reconciler.arrival import Arrival, Reader
from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.errors import HostRejected, HostTimeout, HostUnreachable, TransportError
from reconciler.hosts.refusal import STRANGER, printable, refused
from reconciler.hosts.stream import follow, parsed
from reconciler.ports import Progress
from reconciler.transport import Http, Reply, Stream, origin

_LONGEST_REFUSAL = 64 << 10  # bytes of an error's body that we read
_NOT_THERE = "is Ollama running there (`ollama serve`), and is the address right: spec.url, or $OLLAMA_HOST?"
_HANGS = "it takes connections and does not answer: is it hung, stopped, or out of memory?"


@dataclass(frozen=True, slots=True)
class Wire:
    """One server, as bytes and JSON."""

    http: Http
    url: str
    headers: Mapping[str, str] = field(repr=False)  # with the token, if there is one
    token_env: str  # the variable that holds the token; empty without one
    patience: float  # seconds that a server may be silent while it converts, quantises or verifies
    quick: float = 20.0  # seconds in all after which a server that was only to tell something is given up

    def version(self) -> str:
        """Return the server's version, fit to print."""
        found = self._json("GET", "/api/version").get("version")
        if not isinstance(found, str):
            raise self._strange("the answer holds no version")
        return printable(found)

    def now(self) -> str:
        """Return the time that the server gives its answers, ISO 8601 in UTC; empty where it gives none."""
        from email.utils import parsedate_to_datetime

        date = self._read("GET", "/api/version").headers.get("Date", "")
        try:
            return parsedate_to_datetime(date).astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            return ""

    def tags(self) -> list[dict[str, Any]]:
        """Return what the server lists, each entry with a `name`; `null` is an empty list to it."""
        answer = self._json("GET", "/api/tags")
        found = answer.get("models", False)
        entries = [] if found is None else found
        if not isinstance(entries, list) or not all(_has_name(entry) for entry in entries):
            raise self._strange("the answer holds no list of models")
        return entries

    def show(self, model: str) -> dict[str, Any]:
        """Return what the server shows of a model; HostRejected with its status where it cannot."""
        return self._json("POST", "/api/show", {"model": model})

    def running(self) -> list[dict[str, Any]]:
        """Return what the server holds in memory, each entry with a `name`."""
        found = self._json("GET", "/api/ps").get("models") or []
        if not isinstance(found, list) or not all(_has_name(entry) for entry in found):
            raise self._strange("the answer holds no list of models")
        return found

    def holds(self, digest: Digest) -> bool:
        """Tell whether the server has a blob."""
        reply = self._read("HEAD", f"/api/blobs/{digest}")
        if reply.status not in {200, 404}:
            raise self._refused(reply.status, reply.text)
        return reply.status == 200

    def send(self, digest: Digest, content: Arrival, progress: Progress) -> None:
        """Send a blob while it arrives; the server hashes it, and refuses one that does not fit.

        What stops its arrival is raised, and ends the request without the rest.
        """
        headers = {**self.headers, "Content-Length": str(content.size), "Content-Type": "application/octet-stream"}
        url = f"{self.url}/api/blobs/{digest}"
        with content.open() as reader, self._translated():
            body = cast("BinaryIO", _Reported(reader, content.size, progress))
            reply = self.http.request("POST", url, headers=headers, body=body, stall=self.patience)
        if reply.status not in {200, 201}:
            raise self._refused(reply.status, reply.text)

    def create(self, request: Mapping[str, object], progress: Progress) -> None:
        """Have the server make a model; returns only after a final success."""
        self._followed("/api/create", request, progress)

    def pull(self, request: Mapping[str, object], progress: Progress, expected: int) -> None:
        """Have the server pull a model of `expected` bytes in all; returns only after a final success."""
        self._followed("/api/pull", request, progress, expected)

    def copy(self, source: str, target: str) -> None:
        """Give a model a second name."""
        self._done("POST", "/api/copy", {"source": source, "destination": target})

    def generate(self, request: Mapping[str, object], timeout: float) -> str:
        """Return what a model answers in all, given that many seconds; HostRejected where it can't."""
        found = self._object(self._ask("POST", "/api/generate", request, timeout)).get("response")
        if not isinstance(found, str):
            raise self._strange("the answer holds no response")
        return found

    def embed(self, request: Mapping[str, object], timeout: float) -> list[object]:
        """Return the embedding of a text, given that many seconds; HostRejected where there is none."""
        match self._object(self._ask("POST", "/api/embed", request, timeout)):
            case {"embeddings": [list(found)]}:
                return found
            case _:
                raise self._strange("the answer holds no embedding")

    def delete(self, model: str) -> None:
        """Delete a model; HostRejected with status 404 where there is none."""
        self._done("DELETE", "/api/delete", {"model": model})

    def _done(self, method: str, path: str, body: Mapping[str, object]) -> None:
        reply = self._ask(method, path, body)
        if reply.status != 200:
            raise self._refused(reply.status, reply.text)

    def _json(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        return self._object(self._read(method, path, body))

    def _object(self, reply: Reply) -> dict[str, Any]:
        """Return an answer that is a JSON object."""
        if reply.status != 200:
            raise self._refused(reply.status, reply.text)
        try:
            answer = reply.json()
        except TransportError as error:
            raise self._strange(error.message) from error
        if not isinstance(answer, dict):
            raise self._strange("the answer is not a JSON object")
        return answer

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None, stall: float = 0.0) -> Reply:
        headers = self._with_type(body)
        with self._translated():
            return self.http.request(method, self.url + path, headers=headers, body=_encoded(body), stall=stall or None)

    def _read(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Reply:
        """Ask for what costs a server nothing; one that is silent then does not work, it hangs."""
        tries = 1 if method == "POST" else 2  # what the transport makes of it
        try:
            return self._ask(method, path, body, min(self.quick / tries, self.http.stall))
        except HostTimeout as error:
            error.hint = error.hint or _HANGS
            raise

    def _followed(self, path: str, request: Mapping[str, object], progress: Progress, expected: int = 0) -> None:
        headers, body = self._with_type(request), _encoded(request)
        with (
            self._translated(),
            self.http.stream("POST", self.url + path, headers=headers, body=body, stall=self.patience) as stream,
        ):
            if stream.status != 200:
                raise self._refused(stream.status, _beginning(stream))
            try:
                follow(parsed(stream.lines()), progress, expected)
            except HostRejected as error:
                error.message, error.where = self._without_secrets(error.message), self._where
                error.args = (error.message,)
                raise

    def _with_type(self, body: Mapping[str, object] | None) -> dict[str, str]:
        return {**self.headers, "Content-Type": "application/json"} if body is not None else dict(self.headers)

    def _refused(self, status: int, body: str) -> HostRejected:
        return refused(status, self._without_secrets(body), where=self._where, token_env=self.token_env)

    def _without_secrets(self, text: str) -> str:
        """Return what a server says without what we sent it: a proxy that refuses may repeat the headers."""
        for value in self.headers.values():
            for secret in filter(None, (value.strip(), value.rpartition(" ")[2])):
                text = text.replace(secret, "***")
        return text

    def _strange(self, message: str) -> HostRejected:
        return HostRejected(message, status=200, hint=STRANGER, where=self._where)

    @property
    def _where(self) -> str:
        return origin(self.url)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TransportError as error:
            kind, hint = (HostTimeout, "") if error.timed_out else (HostUnreachable, _NOT_THERE)
            raise kind(error.message, hint=error.hint or hint, where=self._where) from error


class _Reported:
    """The part of a file that a body needs, which reports how far it has been read; it may be sent again."""

    def __init__(self, reader: Reader, size: int, progress: Progress) -> None:
        self._reader, self._size, self._progress = reader, size, progress

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        data = self._reader.read(count)
        if data:
            self._progress("uploading", self._reader.place, self._size)
        return data

    def tell(self) -> int:
        """Return the place."""
        return self._reader.place

    def seek(self, place: int) -> None:
        """Go to a place."""
        self._reader.place = place


def _has_name(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def _encoded(body: Mapping[str, object] | None) -> bytes | None:
    return None if body is None else json.dumps(body, allow_nan=False).encode()


def _beginning(stream: Stream) -> str:
    found = b""
    for chunk in stream.chunks():
        found += chunk
        if len(found) > _LONGEST_REFUSAL:
            break
    return found.decode("utf-8", "replace")
