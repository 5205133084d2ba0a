"""The storage behind a Hugging Face hub: where the bytes of a file are, and how to ask for a part of them.

The hub tells an address that is good for an hour or so, to anybody who has it; each attempt at a download asks anew.
The hub's own client is not used: importing it takes 0.4 s, it brings one piece after the other, and its failures
would have to be told from bugs. The tests use it as a witness that our fake of a hub is like the real one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote, urljoin, urlsplit

from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, SourceUnavailable
from reconciler.sources._files.download import Ask, span
from reconciler.sources._files.silence import answering
from reconciler.sources._hugging_face.api import HubApi
from reconciler.sources._hugging_face.errors import refusal
from reconciler.transport import Reply, Stream, origin

_REDIRECTS = 3
_BROKEN_OFF = ("the download broke off", "run again: it goes on where it stopped")
_MOVED = frozenset({301, 302, 303, 307, 308})


class Storage:
    """One file at one commit."""

    def __init__(self, api: HubApi, blob: Blob) -> None:
        where = dict(blob.locator)
        self._api, self._size = api, blob.size
        self._page, self._commit = f"{api.endpoint()}/{where['repo']}", where["commit"]
        self._url = f"{self._page}/resolve/{self._commit}/{quote(where['file'])}"

    def located(self) -> Ask:
        """Return how to ask for the bytes of the file, once the hub has told where they are; raises ResolutionError.

        The token goes to the hub's own origin, wherever that sends us.
        """
        url = self._url
        for _ in range(_REDIRECTS):
            reply = self._head(url)
            place = reply.headers.get("Location", "")
            if reply.status == 200 or (reply.status in _MOVED and urlsplit(place).netloc):
                return partial(self._asked, urljoin(url, place) if reply.status != 200 else url)
            if reply.status not in _MOVED or not place:
                raise self._refused(reply)
            url = urljoin(url, place)  # a repo that was renamed
        raise SourceUnavailable(f"the hub sends us from place to place for {self._page}", hint="check HF_ENDPOINT")

    def _head(self, url: str) -> Reply:
        with answering(*_BROKEN_OFF):
            return self._api.http.request("HEAD", url, headers=self._headers(url), stall=self._api.patience)

    @contextmanager
    def _asked(self, url: str, start: int, end: int) -> Iterator[Stream]:
        headers = {**self._headers(url), **span(start, end, self._size)}
        http, patience = self._api.http, self._api.patience
        with (
            answering(*_BROKEN_OFF),
            http.stream("GET", url, headers=headers, redirects=_REDIRECTS, stall=patience) as answer,
        ):
            if answer.status not in {200, 206, 416}:
                raise self._refused(answer)
            yield answer

    def _headers(self, url: str) -> dict[str, str]:
        return self._api.headers() if origin(url) == origin(self._api.address) else {}

    def _refused(self, answer: Reply | Stream) -> ResolutionError:
        if isinstance(answer, Stream) and answer.origin != origin(self._api.address):
            return SourceUnavailable(f"the hub's storage answered with {answer.status}", hint="try again later")
        token = bool(self._api.token())
        return refusal(answer.status, answer.headers, self._page, self._commit, with_token=token)
