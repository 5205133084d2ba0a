"""Blobs of hubs, brought by us: whether they are there, and whether hosts could fetch them without us.

A GET is asked for where a HEAD would do, because storages sign their addresses for one method alone; the
connection is closed before anything large comes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from reconciler.arrival import Arrival
from reconciler.core.names import ModelName
from reconciler.core.steps import Blob, Pull
from reconciler.ports import Progress
from reconciler.sources._files.download import span
from reconciler.sources._files.partial_file import downloaded
from reconciler.sources._hub.access import HubAccess, Repo, refusal
from reconciler.transport import Stream

_TEMPORARY_REDIRECT = 307
_REDIRECTS = frozenset({301, 302, 303, _TEMPORARY_REDIRECT, 308})


class HubBlobs:
    """The blobs of every hub that a process reads."""

    def __init__(self, access: HubAccess, downloads: Path) -> None:
        self._access, self._downloads = access, downloads

    def offered(self, blob: Blob) -> bool:
        """Tell whether the blob is downloaded, or the hub would give it; raises ResolutionError where it can't say."""
        kept = self._downloads / blob.digest.hex
        if kept.is_file() and kept.stat().st_size == blob.size:
            return True
        repo, what = _repo(blob), f"blobs/{blob.digest}"
        with self._access.stream(repo, what, {"Range": "bytes=0-0"}) as answer:
            if answer.status in {200, 206, 416}:  # 416: there is no first byte of nothing
                return True
            if answer.status == 404:
                return False
            raise refusal(answer.status, _words(answer), repo, what)

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:
        """Have the blob arrive in the folder for downloads, resumed and verified; raises ResolutionError."""
        downloaded(self._downloads, blob, arrival, progress, lambda: partial(self._asked, _repo(blob), blob))

    def forget(self, blob: Blob) -> None:
        """Delete the download."""
        (self._downloads / blob.digest.hex).unlink(missing_ok=True)

    def open_to_hosts(self, repo: Repo, pull: Pull) -> bool:
        """Tell whether a host can fetch blobs here: found on Ollama 0.9.3, and the same up to 0.33.

        It wants 307 to another machine, or a `Location` beside the content, and goes there without a token.
        """
        digest, _ = min(pull.layers, key=lambda layer: layer[1])
        what = f"blobs/{digest}"
        with self._access.stream(repo, what, {}, redirects=0) as answer:
            place = answer.headers.get("Location")
            if answer.status == 200:
                return place is not None and not self._access.by_token(repo)
            if answer.status not in _REDIRECTS or place is None:
                raise refusal(answer.status, _words(answer), repo, what)
            elsewhere = urlsplit(urljoin(repo.hub, place)).hostname != urlsplit(repo.hub).hostname
            return answer.status == _TEMPORARY_REDIRECT and elsewhere

    @contextmanager
    def _asked(self, repo: Repo, blob: Blob, start: int, end: int) -> Iterator[Stream]:
        what = f"blobs/{blob.digest}"
        with self._access.stream(repo, what, span(start, end, blob.size)) as answer:
            if answer.status not in {200, 206, 416}:
                raise refusal(answer.status, _words(answer), repo, what)
            yield answer


def _repo(blob: Blob) -> Repo:
    where = dict(blob.locator)
    return Repo.of(ModelName.parse(where["name"]), insecure=where["insecure"] == "true")


def _words(answer: Stream) -> str:
    """Return the beginning of what the hub says beside its status."""
    return next(answer.chunks(), b"").decode("utf-8", "replace")
