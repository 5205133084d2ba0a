"""The source type `blob`: content that hosts hold already, named by its sha256.

Ollama gives no blob away, so nobody can bring one to a host: what is declared like this can be made anew where the
host still holds the blob, and nowhere else. `export` writes it for weights of which nothing tells where they came from.
"""

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files.pins import ANEW, FilesOnly

_OPTIONS = ("sha256", "mmproj")  # of a reference: the weights or the adapter, and the projector


def source(_context: Context) -> Source:
    """Return the source."""
    return HeldBlob()


class HeldBlob(FilesOnly):
    """Pins a digest to itself."""

    type = "blob"
    offline = True

    def key(self, ref: SourceRef) -> str:
        """Return the digests."""
        return " mmproj ".join(str(digest) for digest in _digests(ref))

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the blobs as files of which nothing more is known than their digests."""
        files = tuple(
            (f"{name}.gguf", Blob(digest, size=0, source=self.type, locator=()))
            for name, digest in zip(("model", "mmproj"), _digests(ref), strict=False)
        )
        pin = facts(zip(_OPTIONS, (blob.digest.hex for _, blob in files), strict=False))
        return Pinned(
            reference=" with ".join(blob.digest.short for _, blob in files),
            provenance=pin,
            size=0,
            files=files,
            pin=pin,
        )

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the same as `resolve`; raises Unusable for a pin that says something else."""
        pinned = self.resolve(ref)
        if pinned.pin != pin:
            raise Unusable(f"what is locked for the blob {pinned.reference} is something else", hint=ANEW)
        return pinned

    def offers(self, blob: Blob) -> bool:
        """Tell that nobody can find it again."""
        return bool(blob.locator)

    def examine(self, blob: Blob) -> None:
        """Know nothing of it."""

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:  # noqa: ARG002
        """Raise NotFound: only a host that holds it already can use it."""
        raise NotFound(
            f"the host does not hold the blob {blob.digest.short} any more, and Ollama gives none away",
            hint="declare where its content comes from: `ollama`, `huggingface`, `gguf` or `safetensors`",
        )

    def release(self, blob: Blob) -> None:
        """Do nothing: nothing was fetched."""


def _digests(ref: SourceRef) -> tuple[Digest, ...]:
    options = dict(ref.options)
    return tuple(Digest.parse(str(options[name])) for name in _OPTIONS if name in options)
