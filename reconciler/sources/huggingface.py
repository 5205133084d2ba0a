"""The source type `huggingface`: a GGUF of a repo and its projector, or safetensors, pinned to a commit and to sha256.

A plan in which nothing moved costs one request a repo, and none where the revision is a commit.
"""

from pathlib import Path

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts
from reconciler.core.found import Found
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, ResolutionError, SourceUnavailable, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._files.local_file import give
from reconciler.sources._files.partial_file import downloaded
from reconciler.sources._files.pins import FilesOnly
from reconciler.sources._formats.gguf_judgement import refuse_other
from reconciler.sources._formats.merger import Merger
from reconciler.sources._formats.model_files import described
from reconciler.sources._formats.sentence_transformers import is_rewritten
from reconciler.sources._hugging_face.api import HubApi
from reconciler.sources._hugging_face.gguf import GgufFormat, restored
from reconciler.sources._hugging_face.headers import header_at
from reconciler.sources._hugging_face.question import options_of, reference_of
from reconciler.sources._hugging_face.storage import Storage
from reconciler.sources._hugging_face.tensors import TensorFormat, restored_tensors


def source(context: Context) -> Source:
    """Return the source."""
    return HuggingFace(context)


class HuggingFace(FilesOnly):
    """Pins a repo, a revision and a choice of file."""

    type = "huggingface"
    offline = False

    def __init__(self, context: Context) -> None:
        self._api, self._downloads, self._cache = HubApi(context), context.downloads, context.cache
        self._tensors = TensorFormat(self._api, self._cache)
        self._merger = Merger(self._cache, self._downloads)

    def key(self, ref: SourceRef) -> str:
        """Return repo, revision and choice of files; and for an adapter, which has no projector, that it is one."""
        return reference_of(ref) + (" as adapter" if ref.wanted == "adapter" else "")

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the files that are meant, at the commit that the revision names now; raises ResolutionError."""
        options = options_of(ref)
        try:
            commit, files = self._api.files(options["repo"], options["revision"])
        except NotFound as error:  # a search for names that are close is two requests more, at every plan
            hint = f"{error.hint}; `reconciler check hf:{options['repo']}` tells what there is"
            raise NotFound(error.message, hint=hint) from error
        chooser = self._tensors if _in_tensors(ref) else GgufFormat(self._api, self._cache)
        return self._merger.remembered(chooser.resolve(ref, commit, files))

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the files that were meant, at the commit in the lock; raises Unusable."""
        return self._merger.remembered(restored_tensors(ref, pin) if _in_tensors(ref) else restored(ref, pin))

    def offers(self, blob: Blob) -> bool:
        """Tell whether the hub still has the commit, which it is asked, and the file in it."""
        if blob.parts:
            return all(self.offers(part) for part in blob.parts)
        where = dict(blob.locator)
        if self._downloaded(blob) is not None:
            return True
        try:
            _, files = self._api.asked(where["repo"], where["commit"])
        except NotFound:
            return False
        found = next((file for file in files if file.path == where["file"]), None)
        if found is None or (found.digest is not None and not is_rewritten(found.path)):
            return found is not None and found.digest == blob.digest
        return Digest.of(self._tensors.content(where["repo"], where["commit"], found)) == blob.digest

    def examine(self, blob: Blob) -> Found | None:
        """Return what the header of a GGUF says; raises Unusable for one that no host could use."""
        where, file = dict(blob.locator), _listed(blob)
        if not file.is_gguf:
            return None
        try:
            return described(header_at(self._api, self._cache, where["repo"], where["commit"], file), file.path)
        except Unusable:
            raise
        except ResolutionError:
            return None  # whoever can't read it now may have no need to

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:
        """Have the file arrive in the folder for downloads, verified when it is renamed to its digest."""
        where = dict(blob.locator)
        if where.get("holds") == "projector":  # a host is given the last byte as soon as it is here
            header = header_at(self._api, self._cache, where["repo"], where["commit"], _listed(blob))
            refuse_other(header, where["file"])
        if self._downloaded(blob) is None and is_rewritten(where["file"]):
            return give(self._rewritten(blob), arrival, self._downloads)
        return downloaded(self._downloads, blob, arrival, progress, Storage(self._api, blob).located)

    def _file(self, blob: Blob, progress: Progress) -> Path:
        arrival = Arrival(blob.size)
        self.fetch(blob, arrival, progress)
        return arrival.path

    def _rewritten(self, blob: Blob) -> bytes:
        """Return what hosts are given for a small file, in the place of what the hub has."""
        where = dict(blob.locator)
        _, files = self._api.files(where["repo"], where["commit"])
        found = next((file for file in files if file.path == where["file"]), None)
        content = self._tensors.content(where["repo"], where["commit"], found) if found is not None else b""
        if Digest.of(content) != blob.digest:
            raise SourceUnavailable(f"{where['file']} is not what was planned", hint="plan again")
        return content

    def merge(self, blob: Blob, progress: Progress) -> tuple[Digest, Path]:
        """Return the parts as one file, with its digest."""
        missing = sum(part.size for part in blob.parts if self._downloaded(part) is None)
        return self._merger.merged(blob, self._file, missing, progress)

    def release(self, blob: Blob) -> None:
        """Delete the download, or what was made of parts."""
        (self._downloads / blob.digest.hex).unlink(missing_ok=True)

    def _downloaded(self, blob: Blob) -> Path | None:
        kept = self._downloads / blob.digest.hex
        return kept if kept.is_file() and kept.stat().st_size == blob.size else None


def _listed(blob: Blob) -> ListedFile:
    return ListedFile(dict(blob.locator)["file"], blob.size, blob.digest, tuple(map(_listed, blob.parts)))


def _in_tensors(ref: SourceRef) -> bool:
    return dict(ref.options).get("format") == "safetensors"
