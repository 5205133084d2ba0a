"""A policy about quantisations: which GGUF of a repo to take where the manifest names none. Pure."""

from collections.abc import Sequence

from reconciler.core.frozen import dataclass
from reconciler.errors import NotFound
from reconciler.sources._files.listed import ListedFile, grouped
from reconciler.sources._hugging_face.choice import candidates, listing, no_gguf, only, quantized


@dataclass(frozen=True, slots=True)
class Policy:
    """Which quantisation to take; it says what it means as a text that no other one has."""

    prefer: tuple[str, ...]  # in capitals, the best first; empty where any will do
    largest: int | None  # bytes

    def __str__(self) -> str:
        """Return it in words."""
        limit = f"up to {_exactly(self.largest)}" if self.largest is not None else ""
        return " ".join(filter(None, (" or ".join(self.prefer) or "file", limit)))


def _exactly(size: int) -> str:
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power} {unit}"
    return f"{size} B"


def fitting(repo: str, files: Sequence[ListedFile], policy: Policy) -> ListedFile:
    """Return the file that a policy means; raises NotFound with every candidate and its size where none fits."""
    if not any(item.is_gguf for item in files):
        raise no_gguf(repo, files)
    files = grouped(files)
    models = [item for item in candidates(files) if not item.missing]
    small = [item for item in models if policy.largest is None or item.size <= policy.largest]
    for wanted in policy.prefer:
        if found := quantized(small, wanted):
            return only(repo, found, wanted)
    if small and not policy.prefer:
        return only(repo, [item for item in small if item.size == max(other.size for other in small)], None)
    raise NotFound(f"{repo} has no {policy}; it has {listing(models or files)}", hint="widen `prefer` or `maxSize`")
