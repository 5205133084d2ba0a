"""What sources have in common that give files and nothing that a host could pull."""

from typing import NoReturn

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Pull
from reconciler.errors import Unusable

_MOST = 1 << 63  # bytes; no disk has as many


class FilesOnly:
    """The part of the Source port that is about pulls, for a source that knows none."""

    def describe(self, pull: Pull, *, config: bool = False) -> NoReturn:  # noqa: ARG002
        """Raise Unusable: nothing of this type is pulled."""
        raise Unusable(f"{pull.name} is not of this source")

    def route(self, ref: SourceRef, pull: Pull) -> NoReturn:  # noqa: ARG002
        """Raise Unusable: nothing of this type is pulled."""
        raise Unusable(f"{pull.name} is not of this source")


def pinned_file(pin: Facts) -> tuple[Digest, int] | None:
    """Return digest and size in bytes from a pin that holds `sha256` and `size`; None where it holds no such thing."""
    match dict(pin):
        case {"sha256": str(sha256), "size": int(size)} if is_size(size):
            try:
                return Digest.parse(sha256), size
            except ValueError:
                return None
        case _:
            return None


def is_size(value: Fact) -> bool:
    """Tell whether a value is a number of bytes that a file could have."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
