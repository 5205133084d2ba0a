"""The source type `gguf`: a file on this machine and its projector, pinned by their sha256.

The sha256 is kept in the cache beside size, time and inode, so that an unchanged file is never read twice.
What a server would accept and could never run is refused here, before anything is sent.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.found import Found
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, Unusable
from reconciler.ports import Cache, Progress, Source
from reconciler.sources import Context
from reconciler.sources._files.local_file import hashed, read_once
from reconciler.sources._files.pins import ANEW, FilesOnly, file_text, gguf_name, parsed_file, pinned_file, same_pin
from reconciler.sources._formats.gguf_header import read_header
from reconciler.sources._formats.gguf_judgement import KINDS, refuse, refuse_other
from reconciler.sources._formats.model_files import described

_PROJECTOR = ("projector",)


def source(context: Context) -> Source:
    """Return the source."""
    return Gguf(context.cache)


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read to its end."""

    digest: Digest
    size: int  # bytes
    kind: str  # model, adapter or projector
    architecture: str


class Gguf(FilesOnly):
    """Pins a path to the content that is there now."""

    type = "gguf"
    offline = True

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def key(self, ref: SourceRef) -> str:
        """Return the absolute path, and behind it how to get from there to the projector, where there is one."""
        path, beside = str(dict(ref.options)["path"]), _beside(ref)
        return f"{path} mmproj {beside}" if beside is not None else path

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the files' digests, and in `holds` whether it is a model or an adapter; raises ResolutionError."""
        options = dict(ref.options)
        model = self._read(Path(str(options["path"])), KINDS, lambda *_: None)
        beside = options.get("mmproj")
        projector = self._read(Path(str(beside)), _PROJECTOR, lambda *_: None) if beside is not None else None
        return self._pinned(ref, model, projector)

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return what the files were when they were locked; raises Unusable."""
        found, about, pinned = pinned_file(pin), dict(pin), None
        kind, architecture = str(about.get("holds")), str(about.get("architecture", ""))
        if found is not None and kind in KINDS and architecture and architecture.isprintable():
            pinned = self._pinned(ref, _File(*found, kind, architecture), _locked_projector(ref, pin))
        return same_pin(pinned, pin, _path(ref).name)

    def _pinned(self, ref: SourceRef, file: "_File", projector: "_File | None") -> Pinned:
        path, pin = _path(ref), dict(ref.options).get("sha256")
        if pin is not None and str(pin).lower().removeprefix("sha256:") != file.digest.hex:
            raise Unusable(
                f"{path.name} is {file.digest.hex}, and the manifest pins {pin}",
                hint="bring back the file that was meant, or correct `sha256:`",
            )
        content: dict[str, Fact] = {"architecture": file.architecture, "sha256": file.digest.hex, "size": file.size}
        pinned, about = {**content, "holds": file.kind}, {**content, "path": str(path)}
        files = [self._named(path, file)]
        if projector is not None:
            beside = Path(str(dict(ref.options)["mmproj"]))
            files.append(self._named(beside, projector, ("holds", "projector")))
            pinned["mmproj"] = file_text(str(_beside(ref)), projector.digest, projector.size)
            about |= {"mmproj": str(beside), "mmproj_sha256": projector.digest.hex}
        return Pinned(
            reference=" with ".join(Path(dict(blob.locator)["path"]).name for _, blob in files),
            provenance=facts(about),
            size=sum(blob.size for _, blob in files),
            files=tuple(files),
            holds=file.kind,
            pin=facts(pinned),
        )

    def _named(self, path: Path, file: "_File", *more: tuple[str, str]) -> tuple[str, Blob]:
        return gguf_name(path.name), Blob(file.digest, file.size, self.type, (("path", str(path)), *more))

    def offers(self, blob: Blob) -> bool:
        """Tell whether the file is still what it was."""
        try:
            return self._asked(blob, lambda *_: None).digest == blob.digest
        except ResolutionError:
            return False

    def examine(self, blob: Blob) -> Found | None:
        """Return what the file's header says, if it can be read: what is wrong with it, `resolve` has told."""
        path = Path(dict(blob.locator)["path"])
        try:
            return described(read_header(path), path.name)
        except ResolutionError:
            return None

    def fetch(self, blob: Blob, progress: Progress) -> Path:
        """Return the path itself; raises Unusable where the file is no longer what was planned."""
        path = Path(dict(blob.locator)["path"])
        if self._asked(blob, progress).digest != blob.digest:
            raise Unusable(f"{path.name} has changed since the plan was made", hint="plan again")
        return path

    def release(self, blob: Blob) -> None:
        """Do nothing: the file is the user's own."""

    def _asked(self, blob: Blob, progress: Progress) -> _File:
        where = dict(blob.locator)
        return self._read(Path(where["path"]), _PROJECTOR if "holds" in where else KINDS, progress)

    def _read(self, path: Path, kinds: tuple[str, ...], progress: Progress) -> _File:
        """Return what the file holds; read again only when its size, time or inode is another than when it was read."""

        def known(size: int, kept: Fact) -> _File | None:
            match kept:
                case (str(sha256), str(kind), str(architecture)) if kind in kinds:
                    return _File(Digest(sha256), size, kind, architecture)
                case _:
                    return None

        def read(size: int) -> tuple[_File, Fact]:
            header = read_header(path)
            (refuse if kinds == KINDS else refuse_other)(header, path.name)
            digest = hashed(path, size, progress)
            told = (digest.hex, header.kind, header.architecture)
            return _File(digest, size, header.kind, header.architecture), told

        return read_once(self._cache, "gguf", path, known, read)


def _path(ref: SourceRef) -> Path:
    return Path(str(dict(ref.options)["path"]))


def _beside(ref: SourceRef) -> str | None:
    """Return the way from the model's folder to the projector: the same wherever both are checked out."""
    found = dict(ref.options).get("mmproj")
    return os.path.relpath(str(found), _path(ref).parent) if found is not None else None


def _locked_projector(ref: SourceRef, pin: Facts) -> "_File | None":
    """Return the projector from the lock, where one is meant; raises Unusable where it is not there."""
    if _beside(ref) is None:
        return None
    try:
        _, digest, size = parsed_file(dict(pin).get("mmproj"))
    except ValueError as error:
        raise Unusable("the projector that is locked can't be read", hint=ANEW) from error
    return _File(digest, size, "projector", "")
