"""HTTP for hosts and hubs: one pooled, thread-safe client with timeouts, and its failures in our words.

urllib3 lives here and nowhere else, and is imported by the first client: with TLS it takes longer than
whatever asks nobody may take, like the completion of a command line. Redirects are followed only where asked for, and
credentials never follow to another origin. What an HTTP status means is decided by the
rooms that ask; here only the exchange itself can fail, as TransportError.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

from reconciler import __version__
from reconciler.core.frozen import dataclass
from reconciler.errors import TransportError

if TYPE_CHECKING:
    import urllib3

USER_AGENT = f"reconciler/{__version__}"
CONNECT_TIMEOUT = 5.0  # seconds
STALL_TIMEOUT = 60.0  # seconds without a byte
BODY_LIMIT = 32 << 20  # bytes; no answer that is read whole is ever larger
LINE_LIMIT = 1 << 20  # bytes; a line of progress has a few hundred
_BLOCK = 1 << 18  # bytes per write of an upload
_NO_ADDRESS = "what is no address"
_MAX_RETRY_AFTER = 30  # seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read whole."""

    status: int
    headers: Mapping[str, str]  # looked up without regard to case
    body: bytes

    def json(self) -> object:
        """Return the body as JSON; raises TransportError where it is something else (a proxy's HTML, say)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise TransportError("the answer is not JSON", hint="is something else listening there?") from error

    @property
    def text(self) -> str:
        """Return the body as text, whatever bytes it has."""
        return self.body.decode("utf-8", "replace")


class Stream:
    """An answer that is read as it comes."""

    def __init__(self, response: "urllib3.BaseHTTPResponse", url: str) -> None:
        self._response, self._where = response, origin(url)
        self.url = _final(response, url)  # after a redirect it may be another than was asked
        self.origin = origin(self.url)  # who answered
        self.body: bytes | None = None  # once it was read whole
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    def lines(self) -> Iterator[bytes]:
        """Yield each line without its end; raises TransportError when the connection breaks or stalls."""
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > LINE_LIMIT:
                raise TransportError("a line of the answer has no end", where=self._where)
        if rest:
            yield rest

    def read(self) -> bytes:
        """Return the whole body; raises TransportError as `lines` does, and where there is more than `BODY_LIMIT`."""
        pieces: list[bytes] = []
        size = 0
        for chunk in self.chunks():
            pieces.append(chunk)
            size += len(chunk)
            if size > BODY_LIMIT:
                raise TransportError(f"the answer is larger than {BODY_LIMIT} bytes", where=self._where)
        self.body = b"".join(pieces)
        return self.body

    def chunks(self, size: int = _BLOCK) -> Iterator[bytes]:
        """Yield the body piece by piece, as soon as bytes arrive; raises TransportError as `lines` does."""
        import urllib3

        try:
            while chunk := self._response.read1(size):
                yield chunk
        except urllib3.exceptions.HTTPError as error:
            raise _translated(error, self._where) from error


class Http:
    """A pool of connections; one per process is enough, and threads may share it."""

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        stall_timeout: float = STALL_TIMEOUT,
    ) -> None:
        import urllib3

        self._options: dict[str, object] = {"maxsize": 32, "blocksize": _BLOCK, "ca_certs": ca_file}
        self._connect, self.stall = connect_timeout, stall_timeout  # seconds
        self._direct = urllib3.PoolManager(**self._options)  # type: ignore[arg-type]
        self._proxied: dict[str, urllib3.ProxyManager] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO | None = None,
        redirects: int = 0,
        stall: float | None = None,
    ) -> Reply:
        """Return the whole answer, whatever its status; GET and HEAD are tried again after a passing fault.

        `stall` replaces the stall timeout (seconds) for work that is known to be silent. Raises TransportError when
        there is no answer, when it breaks off, or when it is larger than `BODY_LIMIT` bytes.
        """
        with self.stream(method, url, headers=headers, body=body, redirects=redirects, stall=stall) as stream:
            return Reply(stream.status, stream.headers, stream.read())

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO | None = None,
        redirects: int = 0,
        stall: float | None = None,
    ) -> Iterator[Stream]:
        """Give the answer as a stream, and close it at the end; raises TransportError when there is none."""
        import urllib3

        where, silence = origin(url), stall or self.stall
        # urllib3 sends the body under the connect timeout, and a server may take its time to write a large one
        connect = self._connect if body is None or isinstance(body, bytes) else silence
        try:
            response = self._manager(url).request(
                method,
                url,
                headers={"User-Agent": USER_AGENT, **(headers or {})},
                body=body,
                timeout=urllib3.Timeout(connect=connect, read=silence),
                retries=_retries(redirects),
                redirect=redirects > 0,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _translated(error, where) from error
        except ValueError:  # its words, and so its traceback, repeat the header, which may be a token
            hint = "look for a line end or a foreign letter in the token, or in the address"
            raise TransportError("the request can't be sent as it is", where=where, hint=hint) from None
        try:
            yield Stream(response, url)
        finally:
            response.close()  # gives a finished connection back to the pool, and ends an unfinished one

    def _manager(self, url: str) -> "urllib3.PoolManager":
        """Return the pool for this address, through the environment's proxy where one is set for it."""
        import urllib3

        proxy = proxy_for(url)
        if proxy is None:
            return self._direct
        if proxy not in self._proxied:
            self._proxied[proxy] = urllib3.ProxyManager(proxy, proxy_headers=_credentials(proxy), **self._options)  # type: ignore[arg-type]
        return self._proxied[proxy]


def origin(url: str) -> str:
    """Return `scheme://host:port` of an address: what may be shown, for it holds no path, query or password."""
    try:
        parts = urlsplit(url)
        if not parts.hostname:
            return _NO_ADDRESS
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"
    except ValueError:
        return _NO_ADDRESS


def _final(response: "urllib3.BaseHTTPResponse", url: str) -> str:
    """Return the address that gave this answer, after every redirect."""
    history = response.retries.history if response.retries is not None else ()
    for step in history:
        url = urljoin(url, step.redirect_location or "")
    return url


def _retries(redirects: int) -> "urllib3.Retry":
    import urllib3

    return urllib3.Retry(
        total=None,
        connect=1,
        read=1,
        redirect=redirects,
        status=2,
        other=0,
        backoff_factor=0.3,
        backoff_jitter=0.2,
        status_forcelist={429, 502, 503, 504},
        allowed_methods={"GET", "HEAD"},
        raise_on_status=False,
        raise_on_redirect=False,
        retry_after_max=_MAX_RETRY_AFTER,
    )


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment sets for an address, None where there is none; it may hold a password."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxy = getproxies().get(parts.scheme)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _credentials(proxy: str) -> dict[str, str]:
    """Return the header for the user and password in a proxy's address; it goes to the proxy alone."""
    import urllib3

    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    return urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")


def _translated(error: Exception, where: str) -> TransportError:
    """Return the failure in our words; the library's own words hold addresses of objects and of people."""
    import urllib3

    reason = getattr(error, "reason", None) or error
    if isinstance(reason, urllib3.exceptions.SSLError):
        return TransportError(f"TLS failed: {reason}", where=where, hint="check the certificate, or http against https")
    # a refused connection is a kind of ConnectTimeoutError to urllib3, so the order of these matters
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return TransportError("its name is not known", where=where, hint="check the spelling and DNS")
    if isinstance(reason, urllib3.exceptions.LocationParseError):
        hint = "write it in ASCII (xn--… for other letters), with 1 to 63 characters between dots"
        return TransportError("its name can't be that of a host", where=where, hint=hint)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        cause = str(reason).rsplit("] ", 1)[-1]
        return TransportError(f"no connection: {cause.lower()}", where=where)
    if isinstance(reason, urllib3.exceptions.ConnectTimeoutError):
        return TransportError("no connection in time", timed_out=True, where=where)
    if isinstance(reason, urllib3.exceptions.TimeoutError):
        return TransportError("connected, but silent for too long", timed_out=True, where=where)
    return TransportError(f"the connection broke: {type(reason).__name__}", where=where)
