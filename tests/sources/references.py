"""References and small manifests, written short."""

from reconciler.core.diagnostics import Location
from reconciler.core.facts import Fact
from reconciler.core.resource import SourceRef


def ref(type: str, **options: Fact) -> SourceRef:
    """Return a reference as the manifest room makes it."""
    return SourceRef(type, tuple(sorted(options.items())), Location("test.yaml"))
