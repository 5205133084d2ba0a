"""Blobs of hubs, brought by us: whether they are there, and whether hosts could fetch them without us.

A GET is asked for where a HEAD would do, because storages sign their addresses for one method alone; the
connection is closed before anything large comes.
"""

from pathlib import Path
from urllib.parse import urljoin, urlsplit

from reconciler.core.names import ModelName
from reconciler.core.steps import Blob, Pull
from reconciler.errors import SourceUnavailable
from reconciler.ports import Progress
from reconciler.sources._files.partial_file import PartialFile, downloaded
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

    def fetched(self, blob: Blob, progress: Progress) -> Path:
        """Return the blob as a file in the folder for downloads, resumed and verified; raises ResolutionError."""
        return downloaded(self._downloads, blob, progress, lambda partial: self._attempt(blob, partial))

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

    def _attempt(self, blob: Blob, partial: PartialFile) -> None:
        """Write what is missing; one byte too many is enough to know that it is wrong."""
        repo, what, start = _repo(blob), f"blobs/{blob.digest}", partial.tell()
        if start == blob.size:
            return
        with self._access.stream(repo, what, {"Range": f"bytes={start}-"} if start else {}) as answer:
            if answer.status not in {200, 206, 416}:
                raise refusal(answer.status, _words(answer), repo, what)
            if answer.status == 200 and start:
                partial.seek(0)
                partial.truncate()
            for chunk in answer.chunks() if answer.status != 416 else ():
                partial.write(chunk)
                if partial.tell() > blob.size:
                    return
        if partial.tell() < blob.size:
            raise SourceUnavailable(
                "the download broke off: the hub sent less than it said", hint="run again: it goes on where it stopped"
            )


def _repo(blob: Blob) -> Repo:
    where = dict(blob.locator)
    return Repo.of(ModelName.parse(where["name"]), insecure=where["insecure"] == "true")


def _words(answer: Stream) -> str:
    """Return the beginning of what the hub says beside its status."""
    return next(answer.chunks(), b"").decode("utf-8", "replace")
