"""HTTP with a tape beside it: what was answered in this process already is not asked again, and all else is kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from reconciler.recall.exchange import Heard, Question
from reconciler.recall.tape import Tape
from reconciler.transport import USER_AGENT, Http, Stream, proxy_for


class TapedHttp(Http):
    """What `Http` is, for a command that may be remembered."""

    def __init__(self, tape: Tape, *, ca_file: str | None = None) -> None:
        super().__init__(ca_file=ca_file)
        self._tape, self._own_ca = tape, ca_file is not None

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
        """Give the answer as `Http` does; one that is not read whole can't be compared, and so spoils the tape."""
        question = Question.of(method, url, {"User-Agent": USER_AGENT, **(headers or {})})
        known = self._tape.known(question)
        if known is not None:
            self._tape.hear(question, known)
            yield _told(known, url)
            return
        read = False
        try:
            asked = super().stream(method, url, headers=headers, body=body, redirects=redirects, stall=stall)
            with asked as stream:
                yield stream
                read = stream.body is not None and stream.url == url
            if stream.body is not None:
                self._tape.hear(question, Heard(stream.status, tuple(stream.headers.items()), stream.body))
        finally:
            if not read or self._own_ca or proxy_for(url) is not None:
                self._tape.spoil()


def _told(known: Heard, url: str) -> Stream:
    """Return an answer that is there already."""
    import urllib3

    body, headers = BytesIO(known.body), dict(known.headers)
    return Stream(urllib3.HTTPResponse(body, headers, known.status, preload_content=False), url)
