"""Downloads through the Hugging Face client, and the one place that imports it (0.4 s: never for a plan).

The client alone neither resumes what another process began nor looks at the content, and tries neither
a failing CDN again nor an address that has expired: `_files.partial_file` does all that, and each attempt asks anew.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import quote, urljoin

from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, SourceUnavailable
from reconciler.ports import Progress
from reconciler.sources._files.partial_file import PartialFile, downloaded
from reconciler.sources._hugging_face.errors import refusal
from reconciler.transport import USER_AGENT, origin

if TYPE_CHECKING:
    from huggingface_hub.errors import Response  # type: ignore[attr-defined]

_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_XET": "1",  # its failures are bare RuntimeErrors, and it can't resume
    "HF_HUB_VERBOSITY": "error",  # its warnings print signed addresses
    "HF_HUB_DOWNLOAD_TIMEOUT": "30",  # seconds without a byte
}


def download(endpoint: str, token: str, folder: Path, blob: Blob, progress: Progress) -> Path:
    """Return the blob as a file in `folder`, resumed and verified; raises ResolutionError.

    The token goes to the endpoint's own origin, and a token that the user's home may hold is never sent.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)  # read by the client when it is imported, and never again
    return downloaded(folder, blob, progress, _Download(endpoint, token, blob).attempt)


class _Download:
    """One download."""

    def __init__(self, endpoint: str, token: str, blob: Blob) -> None:
        where = dict(blob.locator)
        self._endpoint, self._token, self._blob = endpoint, token, blob
        self._page, self._commit = f"{endpoint}/{where['repo']}", where["commit"]
        self._url = f"{self._page}/resolve/{self._commit}/{quote(where['file'])}"

    def attempt(self, partial: PartialFile) -> None:
        """Write what is missing; raises ResolutionError, or the disk's OSError."""
        # HTTPError is httpx's or httpx2's: whichever the client's version stands on
        from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

        try:
            self._fetch(partial)
        except HfHubHTTPError as error:
            raise self._refused(error.response) from error
        except HTTPError as error:
            raise self._broken(type(error).__name__) from error
        except OSError as error:
            if error.errno is not None:
                raise  # the disk's
            if partial.tell() < self._blob.size:  # the client's complaint about the size; too much is judged elsewhere
                raise self._broken("the hub sent less than it said") from error

    def _fetch(self, partial: PartialFile) -> None:
        from huggingface_hub.file_download import get_hf_file_metadata, http_get

        found = get_hf_file_metadata(self._url, token=self._token or False, user_agent=USER_AGENT)
        location = urljoin(self._url, found.location)
        headers = {"User-Agent": USER_AGENT}
        if self._token and origin(location) == origin(self._endpoint):
            headers["Authorization"] = f"Bearer {self._token}"
        file = cast("BinaryIO", partial)
        http_get(location, file, resume_size=partial.tell(), headers=headers, expected_size=self._blob.size)

    def _refused(self, response: "Response") -> ResolutionError:
        if origin(str(response.url)) != origin(self._endpoint):
            return SourceUnavailable(f"the hub's storage answered with {response.status_code}", hint="try again later")
        token = bool(self._token)
        return refusal(response.status_code, response.headers, self._page, self._commit, with_token=token)

    def _broken(self, why: str) -> ResolutionError:
        return SourceUnavailable(f"the download broke off: {why}", hint="run again: it goes on where it stopped")
