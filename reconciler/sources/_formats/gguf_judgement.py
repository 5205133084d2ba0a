"""What is wrong with a GGUF by its header, in the place in which a manifest names it."""

from reconciler.core.compatibility import judge, no_projector
from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_header import Header
from reconciler.sources._formats.model_files import described

KINDS = ("model", "adapter")  # what a reference may name; a projector is named beside its model


def refuse(header: Header, name: str) -> None:
    """Raise Unusable for what a server would accept and could never run."""
    verdict = judge(described(header, name))
    if not verdict.good:
        raise Unusable(verdict.message, hint=verdict.advice[0])


def refuse_other(header: Header, name: str) -> None:
    """Raise Unusable for what is no projector: a server takes a second model for the first one's weights."""
    if header.kind != "projector":
        message, hint = no_projector(name, header.kind, header.architecture)
        raise Unusable(message, hint=hint)
