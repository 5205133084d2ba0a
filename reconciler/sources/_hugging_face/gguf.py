"""The GGUF files of a Hugging Face repo: one model or adapter, and the projector of a model, as a pin and back."""

from collections.abc import Sequence

from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.frozen import dataclass
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.ports import Cache
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._files.model_file import blob_of, files_of, pin_of, record_of
from reconciler.sources._files.pins import file_text, gguf_name, same_pin
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

TYPE = "huggingface"
_PROJECTOR = ("holds", "projector")


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
    about, pinned = dict(pin), None
    commit, files = about.get("commit"), files_of(pin, str(about.get("file")))
    if files and isinstance(commit, str):
        check_commit(ref, commit)
        model, told = meant(ref, files), locked_header(ref, pin)
        pinned = _pinned(ref, commit, model, locked_projector(ref, about.get("mmproj")), told)
    return same_pin(pinned, pin, reference_of(ref))


def _pinned(ref: SourceRef, commit: str, model: ListedFile, projector: ListedFile | None, told: Facts) -> Pinned:
    options = options_of(ref)
    repo, pin = options["repo"], options.get("sha256")
    place = (("repo", repo), ("commit", commit))
    digest = checked(model, pin)
    weights = blob_of(model, digest, TYPE, lambda file: (*place, ("file", file.path)))
    known: dict[str, Fact] = {**dict(told), "commit": commit}
    about: dict[str, Fact] = {**known, **record_of(model, digest), "file": model.path, "repo": repo}
    content = {**known, **pin_of(model, digest), **({} if model.parts else {"file": model.path})}
    files = [(gguf_name(model.whole_path), weights)]
    if projector is not None:
        blob = Blob(checked(projector, None), projector.size, TYPE, (*place, ("file", projector.path), _PROJECTOR))
        files.append((gguf_name(projector.path), blob))
        content["mmproj"] = file_text(projector.path, blob.digest, blob.size)
        about |= {"mmproj": projector.path, "mmproj_sha256": blob.digest.hex}
    return Pinned(
        reference=reference_of(ref),
        provenance=facts({**about, "revision": options["revision"]}),
        size=sum(blob.size for _, blob in files),
        files=tuple(files),
        holds=str(content.get("holds", "")),
        pin=facts(content),
        follows=not COMMIT.fullmatch(options["revision"]) and (pin is None or projector is not None),
    )
