"""The safetensors of a Hugging Face repo: the files of a model or an adapter that hosts convert, as a pin and back.

Small files that are kept in git itself have no sha256 in the listing: they are read when the model is first planned
at a commit, and never again. So is what decides whether hosts can convert it at all.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.frozen import dataclass
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.errors import Unusable
from reconciler.ports import Cache
from reconciler.sources._files.listed import ListedFile, human
from reconciler.sources._files.pins import same_pin
from reconciler.sources._formats.sentence_transformers import as_hosts_read, is_rewritten
from reconciler.sources._formats.tensor_pin import Tensors, tensors_of
from reconciler.sources._formats.tensor_set import MOST_TEXT, tensor_set
from reconciler.sources._hugging_face.api import COMMIT, HubApi
from reconciler.sources._hugging_face.choice import LARGEST
from reconciler.sources._hugging_face.question import check_commit, options_of, reference_of


@dataclass(frozen=True, slots=True)
class TensorFormat:
    """Chooses and pins what is asked for in safetensors."""

    api: HubApi
    cache: Cache

    def resolve(self, ref: SourceRef, commit: str, files: Sequence[ListedFile]) -> Pinned:
        """Return those of a commit's files that hosts need; raises ResolutionError."""
        repo = options_of(ref)["repo"]
        key = f"tensors {self.api.endpoint()} {repo} {commit}"
        tensors = _kept(self.cache.get(key))
        if tensors is None:
            tensors = self._found(repo, commit, files)
            self.cache.put(key, tuple(tensors.pin.items()))
        return _pinned(ref, commit, tensors)

    def _found(self, repo: str, commit: str, files: Sequence[ListedFile]) -> Tensors:
        found = tensor_set(repo, files, lambda file: nullcontext(self.api.opened(repo, commit, file)))
        given = tuple((file.path, *self._given(repo, commit, file)) for file in found.files)
        return Tensors(given, found.holds, found.architecture)

    def _given(self, repo: str, commit: str, file: ListedFile) -> tuple[Digest, int]:
        """Return digest and size of what hosts are given for a file."""
        if file.digest is not None and not is_rewritten(file.path):
            if file.size > LARGEST:
                limit = f"the hub gives over {human(LARGEST)} through Xet only"
                raise Unusable(f"{file.path} has {human(file.size)}, and {limit}", hint="look for a GGUF of the model")
            return file.digest, file.size
        content = self.content(repo, commit, file)
        return Digest.of(content), len(content)

    def content(self, repo: str, commit: str, file: ListedFile) -> bytes:
        """Return what hosts are given for a small file; raises ResolutionError."""
        if file.size > MOST_TEXT:
            raise Unusable(
                f"{file.path} is kept in git itself, without a sha256 to pin", hint="weights belong into LFS"
            )
        return as_hosts_read(file.path, self.api.opened(repo, commit, file).read(file.size))


def restored_tensors(ref: SourceRef, pin: Facts) -> Pinned:
    """Return the files that were meant, at the commit in the lock; raises Unusable."""
    commit = str(dict(pin).get("commit"))
    check_commit(ref, commit)
    return same_pin(_pinned(ref, commit, tensors_of(pin)), pin, reference_of(ref))


def _pinned(ref: SourceRef, commit: str, tensors: Tensors) -> Pinned:
    options = options_of(ref)
    repo, revision = options["repo"], options["revision"]
    place = (("repo", repo), ("commit", commit))
    return tensors.pinned(
        "huggingface",
        reference_of(ref),
        lambda path: (*place, ("file", path)),
        more=(("commit", commit),),
        about=(("repo", repo), ("revision", revision)),
        follows=not COMMIT.fullmatch(revision),
    )


def _kept(value: Fact) -> Tensors | None:
    """Return what the cache has kept, or None where that is nothing."""
    pairs = [item for item in value if isinstance(item, tuple)] if isinstance(value, tuple) else []
    try:
        return tensors_of(tuple((str(path), kept) for path, kept in pairs))
    except (Unusable, ValueError):
        return None
