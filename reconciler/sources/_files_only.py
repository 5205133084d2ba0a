"""What sources have in common that give files and nothing that a host could pull."""

from typing import NoReturn

from reconciler.core.resource import SourceRef
from reconciler.core.steps import Pull
from reconciler.errors import Unusable


class FilesOnly:
    """The part of the Source port that is about pulls, for a source that knows none."""

    def describe(self, pull: Pull, *, config: bool = False) -> NoReturn:  # noqa: ARG002
        """Raise Unusable: nothing of this type is pulled."""
        raise Unusable(f"{pull.name} is not of this source")

    def route(self, ref: SourceRef, pull: Pull) -> NoReturn:  # noqa: ARG002
        """Raise Unusable: nothing of this type is pulled."""
        raise Unusable(f"{pull.name} is not of this source")
