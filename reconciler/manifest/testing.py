"""The test of a model, from a judged document."""

from reconciler.core.resource import ModelTest
from reconciler.manifest.tree import Node

_UNITS = {"s": 1, "m": 60}  # seconds
_TIMEOUT = "5m"  # what the schema names as its default


def declared_test(node: Node | None) -> ModelTest | None:
    """Return the test that stands under the key `test`, or None where the key is absent."""
    if node is None:
        return None
    embedding, rollback = node.child("embedding"), node.child("rollback")
    dimensions = embedding.at(["dimensions"]).value if embedding is not None else None
    timeout = node.text("timeout") or _TIMEOUT
    return ModelTest(
        prompt=node.text("prompt") or "",
        expect=node.text("expect") or "",
        dimensions=int(dimensions) if isinstance(dimensions, int | float) else None,
        timeout=int(timeout[:-1]) * _UNITS[timeout[-1]],
        rollback=rollback is not None and rollback.value is True,
    )
