"""The source type `huggingface`: a GGUF of a repo and its projector, pinned to a commit and to their sha256.

A plan in which nothing moved costs one request a repo, and none where the revision is a commit.
"""

from pathlib import Path

from reconciler.core.facts import Facts
from reconciler.core.found import Found
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, ResolutionError, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files_only import FilesOnly
from reconciler.sources._gguf_header import read_header
from reconciler.sources._gguf_judgement import refuse_other
from reconciler.sources._hugging_face_api import HubApi
from reconciler.sources._hugging_face_files import RepoFile
from reconciler.sources._hugging_face_gguf import GgufFormat, restored
from reconciler.sources._hugging_face_headers import header_at
from reconciler.sources._hugging_face_question import reference_of
from reconciler.sources._model_files import described


def source(context: Context) -> Source:
    """Return the source."""
    return HuggingFace(context)


class HuggingFace(FilesOnly):
    """Pins a repo, a revision and a choice of file; downloads through the hub's own client."""

    type = "huggingface"
    offline = False

    def __init__(self, context: Context) -> None:
        self._api, self._downloads, self._cache = HubApi(context), context.downloads, context.cache

    def key(self, ref: SourceRef) -> str:
        """Return repo, revision and choice of files; and for an adapter, which has no projector, that it is one."""
        return reference_of(ref) + (" as adapter" if ref.wanted == "adapter" else "")

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the files that are meant, at the commit that the revision names now; raises ResolutionError."""
        return GgufFormat(self._api, self._cache).resolve(ref)

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the files that were meant, at the commit in the lock; raises Unusable."""
        return restored(ref, pin)

    def offers(self, blob: Blob) -> bool:
        """Tell whether the hub still has the commit, which it is asked, and the file in it."""
        where = dict(blob.locator)
        if self._downloaded(blob) is not None:
            return True
        try:
            _, files = self._api.asked(where["repo"], where["commit"])
        except NotFound:
            return False
        return any(file.path == where["file"] and file.digest == blob.digest for file in files)

    def examine(self, blob: Blob) -> Found | None:
        """Return what the header of a GGUF says; raises Unusable for one that no host could use."""
        where = dict(blob.locator)
        file = RepoFile(where["file"], blob.size, blob.digest)
        if not file.is_gguf:
            return None
        try:
            return described(header_at(self._api, self._cache, where["repo"], where["commit"], file), file.path)
        except Unusable:
            raise
        except ResolutionError:
            return None  # whoever can't read it now may have no need to

    def fetch(self, blob: Blob, progress: Progress) -> Path:
        """Return the file in the folder for downloads, verified when it was renamed to its digest."""
        found = self._downloaded(blob) or self._download(blob, progress)
        if dict(blob.locator).get("holds") == "projector":
            refuse_other(read_header(found), dict(blob.locator)["file"])
        return found

    def _download(self, blob: Blob, progress: Progress) -> Path:
        from reconciler.sources._hugging_face import download

        return download(self._api.endpoint(), self._api.token(), self._downloads, blob, progress)

    def release(self, blob: Blob) -> None:
        """Delete the download."""
        (self._downloads / blob.digest.hex).unlink(missing_ok=True)

    def _downloaded(self, blob: Blob) -> Path | None:
        kept = self._downloads / blob.digest.hex
        return kept if kept.is_file() and kept.stat().st_size == blob.size else None
