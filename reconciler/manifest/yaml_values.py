"""A value with the YAML that it was read from: places and parts are made where they are asked for.

Nearly all documents are sound, and of a sound one only a few places are ever told.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import cast

import yaml

from reconciler.core.diagnostics import Location
from reconciler.manifest import scalars
from reconciler.manifest.tree import Json, Node

MERGE = "<<"


class Value(Node):
    """A value of a YAML document."""

    def __init__(self, value: Json, node: yaml.Node, file: str) -> None:
        self._value, self._node, self._file = value, node, file

    @property
    def value(self) -> Json:
        """Return the value as plain data."""
        return self._value

    @property
    def location(self) -> Location:
        """Return where it begins."""
        return place(self._node, self._file)

    @cached_property
    def children(self) -> Mapping[str | int, Node]:
        """Return what is inside, by key or by index; empty for a scalar."""
        match self._value:
            case dict() as data:
                return {key: Value(data[key], inner, self._file) for key, _, inner in self._pairs()}
            case list() as items:
                return {at: Value(item, self._node.value[at], self._file) for at, item in enumerate(items)}
            case _:
                return {}

    @property
    def keys(self) -> Mapping[str, Location]:
        """Return where each key stands; empty unless it is a mapping."""
        return {key: place(outer, self._file) for key, outer, _ in self._pairs()}

    @property
    def raw(self) -> str:
        """Return how a number, true, false or null is written; empty for everything else."""
        is_text = isinstance(self._value, str) or not isinstance(self._node, yaml.ScalarNode)
        return "" if is_text else cast("str", self._node.value)

    def _pairs(self) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Yield each key with its node and that of its value; of two that are the same, the first is what counts."""
        seen: set[str] = set()
        for outer, inner in self._node.value if isinstance(self._value, dict) else ():
            key = _key(outer)
            if key is not None and key not in seen:
                seen.add(key)
                yield key, outer, inner


def place(node: yaml.Node, file: str) -> Location:
    """Return where a node begins."""
    return Location(file, node.start_mark.line + 1, node.start_mark.column + 1)


def is_merge(node: yaml.Node) -> bool:
    """Tell whether a key is the one that merges mappings elsewhere."""
    return isinstance(node, yaml.ScalarNode) and node.value == MERGE and not node.style


def _key(node: yaml.Node) -> str | None:
    """Return a key that is text, or None for one that is not."""
    if not isinstance(node, yaml.ScalarNode) or is_merge(node):
        return None
    if node.style:
        return cast("str", node.value)
    try:
        value = scalars.plain(node.value)
    except scalars.Ambiguous:
        return cast("str", node.value)
    return value if isinstance(value, str) else None
