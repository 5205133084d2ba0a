"""One connection, and as much of HTTP/1.1 as small answers need: importing `http.client` takes as long as all the rest.

Whatever is unusual is no answer here, and the plan, which has a whole HTTP client, sees to it. The tests hold that
`http.client` understands everything that is understood here, and in the same way.
"""

import socket
from collections.abc import Iterator
from functools import cache

from reconciler.recall.exchange import Heard, Question

TYPE_CHECKING = False  # of `typing`, which starts slowly
if TYPE_CHECKING:
    from ssl import SSLContext

PATIENCE = 2.0  # seconds of silence; who is slower is asked by the plan, which waits for longer
_PORTS = {"http": 80, "https": 443}
_LINE = 1 << 16  # bytes
_LINES = 100  # headers
_LARGEST = 32 << 20  # bytes of an answer
_DIGITS = {10: "0123456789", 16: "0123456789abcdefABCDEF"}
_LONGEST = 16  # digits, and one more
_FINAL = 200  # the first status of an answer after which nothing comes
_EMPTY = frozenset({204, 304})  # statuses without a body


class Connection:
    """A connection to one place, which is `open` for one more question until an answer ends it."""

    def __init__(self, stream: socket.socket, place: str) -> None:
        self._stream, self._place, self._file = stream, place, stream.makefile("rb")
        self.open = True

    @classmethod
    def to(cls, scheme: str, place: str) -> "Connection":
        """Return a connection to HOST[:PORT]; raises OSError, and ValueError or KeyError for what is unusual."""
        after = place.rpartition("]")[2]
        port = after.rpartition(":")[2] if ":" in after else ""
        host = (place[: -len(port) - 1] if port else place).strip("[]")
        stream = socket.create_connection((host, int(port) if port else _PORTS[scheme]), PATIENCE)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if scheme == "https":
            stream = trusted_here().wrap_socket(stream, server_hostname=host)
        return cls(stream, place)

    def ask(self, question: Question, target: str) -> Heard:
        """Return the answer, read whole; raises OSError, and ValueError for one that is not understood here."""
        self.open = False
        headers = {"Host": self._place, "Accept-Encoding": "identity", **dict(question.headers)}
        lines = [f"{question.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if any(not line.isprintable() for line in lines) or " " in target:
            raise ValueError("a control character")
        self._stream.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii"))
        version, status = self._status()
        found = tuple(self._headers())
        body, ended = self._body(question.method, status, found)
        self.open = not ended and version == "HTTP/1.1" and "close" not in _values(found, "connection")
        return Heard(status, found, body)

    def close(self) -> None:
        """End it."""
        self._file.close()
        self._stream.close()

    def _line(self) -> str:
        line = self._file.readline(_LINE)
        if not line.endswith(b"\r\n"):
            raise ValueError("cut off, too long, or not ended like a line of HTTP")
        return line[:-2].decode("latin-1")

    def _status(self) -> tuple[str, int]:
        version, _, rest = self._line().partition(" ")
        number = rest.partition(" ")[0]
        status = _number(number, 10)
        if version not in {"HTTP/1.0", "HTTP/1.1"} or len(number) != 3 or status < _FINAL:
            raise ValueError("not the final answer of an HTTP server")
        return version, status

    def _headers(self) -> Iterator[tuple[str, str]]:
        for _ in range(_LINES):
            line = self._line()
            if not line:
                return
            name, colon, value = line.partition(":")
            if not colon or not name.replace("-", "").isalnum() or not name.isascii() or not line.isprintable():
                raise ValueError("not a header")
            yield name, value.lstrip(" ")
        raise ValueError("too many headers")

    def _body(self, method: str, status: int, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, bool]:
        """Return the body, and whether the connection ends with it."""
        coding, length = _values(headers, "transfer-encoding"), _values(headers, "content-length")
        if len(coding) + len(length) > 1 or coding not in ([], ["chunked"]):
            raise ValueError("it is not clear where it ends")
        if method == "HEAD" or status in _EMPTY:
            return b"", False
        if coding:
            return b"".join(self._chunks()), False
        if length:
            return self._exactly(_number(length[0], 10)), False
        body = self._file.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            raise ValueError("too large")
        return body, True

    def _chunks(self) -> Iterator[bytes]:
        left = _LARGEST
        while size := _number(self._line(), 16):
            left -= size
            if left < 0:
                raise ValueError("too large")
            yield self._exactly(size)
            if self._line():
                raise ValueError("a chunk that is longer than it says")
        if self._line():
            raise ValueError("something after the last chunk")

    def _exactly(self, size: int) -> bytes:
        if size > _LARGEST:
            raise ValueError("too large")
        body = self._file.read(size)
        if len(body) < size:
            raise ValueError("cut off")
        return body


def _values(headers: tuple[tuple[str, str], ...], wanted: str) -> list[str]:
    return [value.lower() for name, value in headers if name.lower() == wanted]


def _number(text: str, base: int) -> int:
    if not 0 < len(text) < _LONGEST or text.strip(_DIGITS[base]):
        raise ValueError("not a number")
    return int(text, base)


@cache
def trusted_here() -> "SSLContext":
    """Return what every certificate of this machine is trusted by, read once."""
    from ssl import create_default_context

    return create_default_context()
