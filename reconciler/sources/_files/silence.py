"""A hub that does not answer, or breaks off, in the words of a source."""

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.errors import SourceUnavailable, TransportError

_OURS = "is it up, and can this machine reach it?"


@contextmanager
def answering(failed: str = "the hub did not answer", hint: str = "") -> Iterator[None]:
    """Raise SourceUnavailable, with what `failed`, for an exchange that fails; `hint` is given instead of its own."""
    try:
        yield
    except TransportError as error:
        raise SourceUnavailable(
            f"{failed}: {error.message}", hint=hint or error.hint or _OURS, where=error.where
        ) from error
