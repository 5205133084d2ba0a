"""A model or an adapter in safetensors as a pin, and back; wherever its files are."""

from collections.abc import Callable, Sequence

from reconciler.core.abilities import CONVERTED_TO
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.frozen import dataclass
from reconciler.core.lock import set_digest
from reconciler.core.resolution import Pinned
from reconciler.core.steps import Blob
from reconciler.errors import Unusable
from reconciler.sources._files.listed import is_path
from reconciler.sources._files.pins import ANEW, file_text, parsed_files

_LEAST = 2  # files: of one, hosts are told that it is a GGUF
_HOLDS = ("model", "adapter")

Place = Callable[[str], tuple[tuple[str, str], ...]]
"""Returns where a file of this name is to be found: the locator of its blob."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """What hosts are given."""

    files: tuple[tuple[str, Digest, int], ...]  # (path, digest, bytes), sorted by path
    holds: str  # model or adapter
    architecture: str  # the class that config.json names; empty for an adapter

    @property
    def pin(self) -> dict[str, Fact]:
        """Return what a lock keeps."""
        texts = tuple(file_text(path, digest, size) for path, digest, size in self.files)
        return {"architecture": self.architecture, "files": texts, "holds": self.holds}

    def pinned(self, type: str, reference: str, place: Place, *, more: Facts, about: Facts, follows: bool) -> Pinned:
        """Return it as what a source of this type gives; `more` goes into the lock, and `about` beside it on record."""
        named = tuple((path, Blob(digest, size, type, place(path))) for path, digest, size in self.files)
        size = sum(size for _, _, size in self.files)
        known: dict[str, Fact] = {
            "architecture": CONVERTED_TO.get(self.architecture, ""),
            "class": self.architecture,
            "size": size,
        }
        return Pinned(
            reference=reference,
            provenance=facts({**known, "sha256": _mark(self.files), **dict(more), **dict(about)}),
            size=size,
            files=named,
            holds=self.holds,
            pin=facts({**self.pin, **dict(more)}),
            follows=follows,
        )


def tensors_of(pin: Facts) -> Tensors:
    """Return what a lock keeps; raises Unusable for what it can't have been given."""
    known = dict(pin)
    files, holds, architecture = parsed_files(known.get("files")), known.get("holds"), known.get("architecture")
    paths = [path for path, _, _ in files]
    sound = len(files) >= _LEAST and paths == sorted(set(paths)) and all(map(is_path, paths))
    if not sound or holds not in _HOLDS or not isinstance(architecture, str) or not architecture.isprintable():
        raise Unusable("what is locked can't be read", hint=ANEW)
    if (holds == "model") != bool(architecture):
        raise Unusable("what is locked names no architecture", hint=ANEW)
    return Tensors(files, str(holds), architecture)


def _mark(files: Sequence[tuple[str, Digest, int]]) -> str:
    """Return what stands for all the files together."""
    return set_digest(file_text(*file) for file in files).hex
