"""A YAML document as plain data that remembers where everything stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.diagnostics import Location

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document: a scalar, a list or a mapping, with the same of everything inside."""

    value: Json
    location: Location
    children: Mapping[str | int, "Node"] = field(default_factory=dict)  # by key or by index; empty for a scalar
    keys: Mapping[str, Location] = field(default_factory=dict)  # where each key stands; empty unless a mapping
    raw: str = ""  # how a number, true, false or null is written; empty for everything else

    def at(self, path: Iterable[str | int]) -> "Node":
        """Return the node under a path that exists."""
        node = self
        for step in path:
            node = node.children[step]
        return node

    def child(self, key: str) -> "Node | None":
        """Return the value under a key, or None where the key is absent."""
        return self.children.get(key)

    def text(self, key: str) -> str | None:
        """Return the text under a key, or None where there is none."""
        node = self.child(key)
        return node.value if node is not None and isinstance(node.value, str) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts under a key, one or many; empty where the key is absent."""
        node = self.child(key)
        if node is None:
            return ()
        values = node.value if isinstance(node.value, list) else [node.value]
        return tuple(value for value in values if isinstance(value, str))

    def pairs(self, *keys: str) -> tuple[tuple[str, str], ...]:
        """Return the mapping of texts at the end of these keys, sorted; empty where one of them is absent."""
        node: Node | None = self
        for key in keys:
            node = node.child(key) if node is not None else None
        inside = node.value if node is not None and isinstance(node.value, dict) else {}
        return tuple(sorted((key, value) for key, value in inside.items() if isinstance(value, str)))
