"""The source type `gguf`: a file on this machine, pinned by its sha256.

The sha256 is kept in the cache beside size, time and inode, so that an unchanged file is never read twice.
What a server would accept and could never run is refused here, before anything is sent.
"""

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.compatibility import judge
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, ResolutionError, Unusable
from reconciler.ports import Cache, Progress, Source
from reconciler.sources import Context
from reconciler.sources._files_only import FilesOnly, pinned_file
from reconciler.sources._gguf_header import Header, read_header
from reconciler.sources._model_files import described

_BLOCK = 1 << 20  # bytes
_KINDS = ("model", "adapter")  # what a server can use


def source(context: Context) -> Source:
    """Return the source."""
    return Gguf(context.cache)


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read to its end."""

    digest: Digest
    size: int  # bytes
    kind: str  # model or adapter
    architecture: str


class Gguf(FilesOnly):
    """Pins a path to the content that is there now."""

    type = "gguf"
    offline = True

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def key(self, ref: SourceRef) -> str:
        """Return the absolute path."""
        return str(dict(ref.options)["path"])

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the file's digest, and in `holds` whether it is a model or an adapter; raises ResolutionError."""
        path = Path(self.key(ref))
        return self._pinned(ref, self._read(path, lambda *_: None))

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return what the file was when it was locked; raises Unusable."""
        found, about = pinned_file(pin), dict(pin)
        kind, architecture = str(about.get("holds")), str(about.get("architecture", ""))
        if found is not None and kind in _KINDS and architecture and architecture.isprintable():
            pinned = self._pinned(ref, _File(*found, kind, architecture))
            if pinned.pin == pin:
                return pinned
        raise Unusable(f"what is locked for {Path(self.key(ref)).name} can't be read", hint="lock it anew")

    def _pinned(self, ref: SourceRef, file: "_File") -> Pinned:
        path, pin = Path(self.key(ref)), dict(ref.options).get("sha256")
        if pin is not None and str(pin).lower().removeprefix("sha256:") != file.digest.hex:
            raise Unusable(
                f"{path.name} is {file.digest.hex}, and the manifest pins {pin}",
                hint="bring back the file that was meant, or correct `sha256:`",
            )
        content: dict[str, Fact] = {"architecture": file.architecture, "sha256": file.digest.hex, "size": file.size}
        blob = Blob(file.digest, file.size, self.type, (("path", str(path)),))
        return Pinned(
            reference=path.name,
            provenance=facts({**content, "path": str(path)}),
            size=file.size,
            files=((path.name, blob),),
            holds=file.kind,
            pin=facts({**content, "holds": file.kind}),
        )

    def offers(self, blob: Blob) -> bool:
        """Tell whether the file is still what it was."""
        try:
            return self._read(Path(dict(blob.locator)["path"]), lambda *_: None).digest == blob.digest
        except ResolutionError:
            return False

    def fetch(self, blob: Blob, progress: Progress) -> Path:
        """Return the path itself; raises Unusable where the file is no longer what was planned."""
        path = Path(dict(blob.locator)["path"])
        if self._read(path, progress).digest != blob.digest:
            raise Unusable(f"{path.name} has changed since the plan was made", hint="plan again")
        return path

    def release(self, blob: Blob) -> None:
        """Do nothing: the file is the user's own."""

    def _read(self, path: Path, progress: Progress) -> _File:
        """Return what the file holds; read again only when its size, time or inode is another than when it was read."""
        size, stamp = _stamp(path)
        key = f"gguf {path} {stamp}"
        match self._cache.get(key):
            case (str(sha256), str(kind), str(architecture)):
                return _File(Digest(sha256), size, kind, architecture)
            case _:
                header = read_header(path)
                _refuse(header, path.name)
                digest = _hashed(path, size, progress)
        if _stamp(path)[1] != stamp:
            raise Unusable(f"{path.name} changed while it was read", hint="wait until it is written, and run again")
        self._cache.put(key, (digest.hex, header.kind, header.architecture))
        return _File(digest, size, header.kind, header.architecture)


def _refuse(header: Header, name: str) -> None:
    """Raise Unusable for what a server would accept and could never run."""
    verdict = judge(described(header, name))
    if not verdict.good:
        raise Unusable(verdict.message, hint=verdict.advice[0])


def _stamp(path: Path) -> tuple[int, str]:
    """Return the file's size, and the text that changes whenever its content may have changed."""
    try:
        found = path.stat()
    except OSError as error:
        raise NotFound(f"there is no file {path}", hint="the path is relative to the manifest's folder") from error
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path} is not a file", hint="name the GGUF file itself")
    return found.st_size, f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def _hashed(path: Path, size: int, progress: Progress) -> Digest:
    sha256, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            done += len(block)
            progress("checking", done, size)
    return Digest(sha256.hexdigest())
