"""The source type `gguf`: a file on this machine, or all parts of a split one, and its projector, pinned by sha256.

The sha256 is kept in the cache beside size, time and inode, so that an unchanged file is never read twice.
What a server would accept and could never run is refused here, before anything is sent.
"""

import os
from pathlib import Path

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.found import Found
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files.listed import ListedFile, grouped
from reconciler.sources._files.model_file import blob_of, files_of, pin_of, record_of
from reconciler.sources._files.pins import ANEW, FilesOnly, file_text, gguf_name, parsed_file, same_pin
from reconciler.sources._formats.gguf_judgement import KINDS
from reconciler.sources._formats.gguf_parts import joined
from reconciler.sources._formats.local_gguf import PART, PROJECTOR, LocalGgufs, LocalModel
from reconciler.sources._formats.merger import Merger
from reconciler.sources._formats.model_files import described


def source(context: Context) -> Source:
    """Return the source."""
    return Gguf(context)


class Gguf(FilesOnly):
    """Pins a path to the content that is there now."""

    type = "gguf"
    offline = True

    def __init__(self, context: Context) -> None:
        self._files, self._merger = LocalGgufs(context.cache), Merger(context.cache, context.downloads)

    def key(self, ref: SourceRef) -> str:
        """Return the absolute path, and behind it how to get from there to the projector, where there is one."""
        path, beside = str(dict(ref.options)["path"]), _beside(ref)
        return f"{path} mmproj {beside}" if beside is not None else path

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the files' digests, and in `holds` whether it is a model or an adapter; raises ResolutionError."""
        model, beside = self._files.model(_path(ref)), dict(ref.options).get("mmproj")
        projector = self._files.file(Path(str(beside)), PROJECTOR) if beside is not None else None
        return self._merger.remembered(self._pinned(ref, model, projector))

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return what the files were when they were locked; raises Unusable."""
        files, about, pinned = grouped(files_of(pin, _path(ref).name)), dict(pin), None
        kind, architecture = str(about.get("holds")), str(about.get("architecture", ""))
        if len(files) == 1 and kind in KINDS and architecture and architecture.isprintable():
            file, digest = files[0], files[0].digest
            if digest is not None and _path(ref).name in file.paths:
                pinned = self._pinned(ref, LocalModel(file, digest, kind, architecture), _locked_projector(ref, pin))
        return self._merger.remembered(same_pin(pinned, pin, _path(ref).name))

    def _pinned(self, ref: SourceRef, model: LocalModel, projector: ListedFile | None) -> Pinned:
        path, file, pin = _path(ref), model.file, dict(ref.options).get("sha256")
        if pin is not None and (file.parts or str(pin).lower().removeprefix("sha256:") != model.digest.hex):
            raise _not_pinned(path.name, model, str(pin))
        blob = blob_of(file, model.digest, self.type, lambda item: _place(path, item))
        known: dict[str, Fact] = {"architecture": model.architecture}
        about = {**known, **record_of(file, model.digest), "path": str(path)}
        pinned = {**known, **pin_of(file, model.digest), "holds": model.kind}
        files = [(gguf_name(file.whole_path), blob)]
        if projector is not None and projector.digest is not None:
            beside = Path(str(dict(ref.options)["mmproj"]))
            where = (("path", str(beside)), ("holds", PROJECTOR))
            files.append((gguf_name(beside.name), Blob(projector.digest, projector.size, self.type, where)))
            pinned["mmproj"] = file_text(str(_beside(ref)), projector.digest, projector.size)
            about |= {"mmproj": str(beside), "mmproj_sha256": projector.digest.hex}
        return Pinned(
            reference=" with ".join((path.name, *(Path(dict(blob.locator)["path"]).name for _, blob in files[1:]))),
            provenance=facts(about),
            size=sum(blob.size for _, blob in files),
            files=tuple(files),
            holds=model.kind,
            pin=facts(pinned),
        )

    def offers(self, blob: Blob) -> bool:
        """Tell whether the file, or each of its parts, is still what it was."""
        if blob.parts:
            return all(self.offers(part) for part in blob.parts)
        try:
            return self._asked(blob).digest == blob.digest
        except ResolutionError:
            return False

    def examine(self, blob: Blob) -> Found | None:
        """Return what the file's header says, if it can be read: what is wrong with it, `resolve` has told."""
        paths = [Path(dict(part.locator)["path"]) for part in blob.parts or (blob,)]
        try:
            headers = [(path.name, self._files.header(path)) for path in paths]
            return described(joined(headers) if blob.parts else headers[0][1], paths[0].name)
        except ResolutionError:
            return None

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:
        """Have it read from where it lies; raises Unusable where the file is no longer what was planned."""
        arrival.there(self._file(blob, progress))

    def _file(self, blob: Blob, progress: Progress) -> Path:
        path = Path(dict(blob.locator)["path"])
        if self._asked(blob, progress).digest != blob.digest:
            raise Unusable(f"{path.name} has changed since the plan was made", hint="plan again")
        return path

    def merge(self, blob: Blob, progress: Progress) -> tuple[Digest, Path]:
        """Return the parts as one file, with its digest; the parts stay where they are."""
        return self._merger.merged(blob, self._file, 0, progress)

    def release(self, blob: Blob) -> None:
        """Delete what was made of parts; the files themselves are the user's own."""
        self._merger.release(blob)

    def _asked(self, blob: Blob, progress: Progress | None = None) -> ListedFile:
        where = dict(blob.locator)
        return self._files.file(Path(where["path"]), where.get("holds", ""), progress)


def _not_pinned(name: str, model: LocalModel, pin: str) -> Unusable:
    if model.file.parts:
        message = f"sha256 pins one file, and {model.file.whole_path} has {len(model.file.parts)} parts"
        return Unusable(message, hint="pin them all with `reconciler lock`")
    return Unusable(
        f"{name} is {model.digest.hex}, and the manifest pins {pin}",
        hint="bring back the file that was meant, or correct `sha256:`",
    )


def _place(path: Path, file: ListedFile) -> tuple[tuple[str, str], ...]:
    """Return where a file is: the path itself, one of the parts beside it, or all of them together."""
    if file.parts:
        return (("file", file.path),)
    return (("path", str(path.parent / file.path)), *((("holds", PART),) if file.shards else ()))


def _path(ref: SourceRef) -> Path:
    return Path(str(dict(ref.options)["path"]))


def _beside(ref: SourceRef) -> str | None:
    """Return the way from the model's folder to the projector: the same wherever both are checked out."""
    found = dict(ref.options).get("mmproj")
    return os.path.relpath(str(found), _path(ref).parent) if found is not None else None


def _locked_projector(ref: SourceRef, pin: Facts) -> ListedFile | None:
    """Return the projector from the lock, where one is meant; raises Unusable where it is not there."""
    if _beside(ref) is None:
        return None
    try:
        name, digest, size = parsed_file(dict(pin).get("mmproj"))
    except ValueError as error:
        raise Unusable("the projector that is locked can't be read", hint=ANEW) from error
    return ListedFile(name, size, digest)
