"""The source type `safetensors`: a folder on this machine with a model or an adapter that hosts convert.

Every file is pinned by its sha256, and read again only when its size, time or inode is another.
"""

from contextlib import AbstractContextManager
from pathlib import Path

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._files.local_file import give, hashed, read_once
from reconciler.sources._files.local_folder import files_of, inside
from reconciler.sources._files.pins import FilesOnly, same_pin
from reconciler.sources._formats.gguf_bytes import Readable
from reconciler.sources._formats.sentence_transformers import as_hosts_read, is_rewritten
from reconciler.sources._formats.tensor_pin import Tensors, tensors_of
from reconciler.sources._formats.tensor_set import MOST_TEXT, tensor_set


def source(context: Context) -> Source:
    """Return the source."""
    return Safetensors(context)


class Safetensors(FilesOnly):
    """Pins a folder to the content that is there now."""

    type = "safetensors"
    offline = True

    def __init__(self, context: Context) -> None:
        self._cache, self._made = context.cache, context.downloads

    def key(self, ref: SourceRef) -> str:
        """Return the absolute path."""
        return str(dict(ref.options)["path"])

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the digests of the files that hosts need; raises ResolutionError."""
        folder = Path(self.key(ref))

        def opened(file: ListedFile) -> AbstractContextManager[Readable]:
            return inside(folder, file.path).open("rb")

        try:
            found = tensor_set(folder.name, files_of(folder), opened)
            files = tuple((file.path, *self._given(folder, file.path, _quietly)) for file in found.files)
        except OSError as error:
            raise Unusable(f"{folder} can't be read: {error.strerror}", hint="check its permissions") from error
        return self._pinned(ref, Tensors(files, found.holds, found.architecture))

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return what the folder held when it was locked; raises Unusable."""
        return same_pin(self._pinned(ref, tensors_of(pin)), pin, Path(self.key(ref)).name)

    def _pinned(self, ref: SourceRef, tensors: Tensors) -> Pinned:
        folder = self.key(ref)
        place = (("folder", folder),)
        about = (("path", folder),)
        name = Path(folder).name
        return tensors.pinned(
            self.type, name, lambda path: (*place, ("file", path)), more=(), about=about, follows=False
        )

    def offers(self, blob: Blob) -> bool:
        """Tell whether the file is still what it was."""
        where = dict(blob.locator)
        try:
            return self._given(Path(where["folder"]), where["file"], _quietly)[0] == blob.digest
        except (ResolutionError, OSError):
            return False

    def examine(self, blob: Blob) -> None:
        """Return nothing: what there is to know was looked at when it was pinned."""

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:
        """Have the file itself read, or what hosts are given instead; raises Unusable where it has changed."""
        where = dict(blob.locator)
        folder, name = Path(where["folder"]), where["file"]
        if self._given(folder, name, progress)[0] != blob.digest:
            raise Unusable(f"{name} has changed since the plan was made", hint="plan again")
        path = inside(folder, name)
        content = _rewritten(path, name)
        if content is None:
            arrival.there(path)
        else:
            give(content, arrival, self._made)

    def release(self, blob: Blob) -> None:
        """Delete what was made for hosts; the files themselves are the user's own."""
        (self._made / blob.digest.hex).unlink(missing_ok=True)

    def _given(self, folder: Path, name: str, progress: Progress) -> tuple[Digest, int]:
        """Return digest and size of what hosts are given for a file."""
        path = inside(folder, name)

        def known(_size: int, kept: Fact) -> tuple[Digest, int] | None:
            match kept:
                case (str(sha256), int(given)):
                    return Digest(sha256), given
                case _:
                    return None

        def read(size: int) -> tuple[tuple[Digest, int], Fact]:
            content = _rewritten(path, name)
            digest, given = (hashed(path, size, progress), size) if content is None else _of(content)
            return (digest, given), (digest.hex, given)

        return read_once(self._cache, "given", path, known, read)


def _quietly(_phase: str, _done: int, _size: int) -> None:
    """Report nothing."""


def _rewritten(path: Path, name: str) -> bytes | None:
    """Return what hosts are given in the place of a file, or None where that is the file itself."""
    if not is_rewritten(name) or path.stat().st_size > MOST_TEXT:
        return None
    content = path.read_bytes()
    given = as_hosts_read(name, content)
    return given if given != content else None


def _of(content: bytes) -> tuple[Digest, int]:
    return Digest.of(content), len(content)
