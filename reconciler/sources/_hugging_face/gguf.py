"""The GGUF files of a Hugging Face repo: one model or adapter, and the projector of a model, as a pin and back."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.ports import Cache
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._files.pins import file_text, gguf_name, pinned_file, same_pin
from reconciler.sources._formats.gguf_judgement import refuse
from reconciler.sources._hugging_face.api import COMMIT, HubApi
from reconciler.sources._hugging_face.choice import paired
from reconciler.sources._hugging_face.headers import header_at
from reconciler.sources._hugging_face.question import (
    check_commit,
    checked,
    chosen,
    locked_header,
    locked_projector,
    meant,
    options_of,
    projector_wanted,
    reference_of,
)


@dataclass(frozen=True, slots=True)
class GgufFormat:
    """Chooses and pins what is asked for in GGUF."""

    api: HubApi
    cache: Cache

    def resolve(self, ref: SourceRef, commit: str, files: Sequence[ListedFile]) -> Pinned:
        """Return those of a commit's files that are meant; raises ResolutionError."""
        repo = options_of(ref)["repo"]
        model = chosen(ref, files)
        told = self._told(repo, commit, model) if ref.wanted == "adapter" else ()
        return _pinned(ref, commit, model, paired(repo, files, model, projector_wanted(ref)), told)

    def _told(self, repo: str, commit: str, file: ListedFile) -> Facts:
        """Return what the header says of an adapter, which would spoil a model on another architecture."""
        checked(file, None)
        header = header_at(self.api, self.cache, repo, commit, file)
        refuse(header, file.path)
        return (("architecture", header.architecture), ("holds", header.kind))


def restored(ref: SourceRef, pin: Facts) -> Pinned:
    """Return the files that were meant, at the commit in the lock; raises Unusable."""
    content, about = pinned_file(pin), dict(pin)
    commit, file, pinned = about.get("commit"), about.get("file"), None
    if content is not None and isinstance(commit, str) and isinstance(file, str):
        digest, size = content
        check_commit(ref, commit)
        model, told = meant(ref, ListedFile(file, size, digest)), locked_header(ref, pin)
        pinned = _pinned(ref, commit, model, locked_projector(ref, about.get("mmproj")), told)
    return same_pin(pinned, pin, reference_of(ref))


def _pinned(ref: SourceRef, commit: str, model: ListedFile, projector: ListedFile | None, told: Facts) -> Pinned:
    options = options_of(ref)
    repo, pin = options["repo"], options.get("sha256")
    weights = _blob(model, checked(model, pin), repo, commit)
    content: dict[str, Fact] = {**dict(told), "commit": commit, "file": model.path, "sha256": weights.digest.hex}
    content["size"] = weights.size
    files, beside = [(gguf_name(model.path), weights)], dict[str, Fact]()
    if projector is not None:
        blob = _blob(projector, checked(projector, None), repo, commit, holds="projector")
        files.append((gguf_name(projector.path), blob))
        content["mmproj"] = file_text(projector.path, blob.digest, blob.size)
        beside = {"mmproj": projector.path, "mmproj_sha256": blob.digest.hex}
    return Pinned(
        reference=reference_of(ref),
        provenance=facts({**content, **beside, "repo": repo, "revision": options["revision"]}),
        size=sum(blob.size for _, blob in files),
        files=tuple(files),
        holds=str(content.get("holds", "")),
        pin=facts(content),
        follows=not COMMIT.fullmatch(options["revision"]) and (pin is None or projector is not None),
    )


def _blob(file: ListedFile, digest: Digest, repo: str, commit: str, **more: str) -> Blob:
    locator = (("repo", repo), ("commit", commit), ("file", file.path), *more.items())
    return Blob(digest, file.size, "huggingface", locator)
