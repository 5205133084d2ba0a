"""A document as plain data that remembers where everything stands."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Protocol, TypeAlias

from reconciler.core.diagnostics import Location
from reconciler.core.frozen import dataclass

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Node(Protocol):
    """A value of a document: a scalar, a list or a mapping, with the same of everything inside."""

    __slots__ = ()

    @property
    def value(self) -> Json:
        """Return the value as plain data."""
        ...

    @property
    def location(self) -> Location:
        """Return where it begins."""
        ...

    @property
    def children(self) -> Mapping[str | int, "Node"]:
        """Return what is inside, by key or by index; empty for a scalar."""
        ...

    @property
    def keys(self) -> Mapping[str, Location]:
        """Return where each key stands; empty unless it is a mapping."""
        ...

    @property
    def raw(self) -> str:
        """Return how a number, true, false or null is written; empty for everything else."""
        ...

    def at(self, path: Iterable[str | int]) -> "Node":
        """Return the node under a path that exists."""
        node: Node = self
        for step in path:
            node = node.children[step]
        return node

    def child(self, key: str) -> "Node | None":
        """Return the value under a key, or None where the key is absent."""
        return self.children.get(key)

    def text(self, key: str) -> str | None:
        """Return the text under a key, or None where there is none."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts under a key, one or many; empty where the key is absent."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return tuple(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))

    def pairs(self, *keys: str) -> tuple[tuple[str, str], ...]:
        """Return the mapping of texts at the end of these keys, sorted; empty where one of them is absent."""
        inside = self.value
        for key in keys:
            inside = inside.get(key) if isinstance(inside, dict) else None
        pairs = inside.items() if isinstance(inside, dict) else ()
        return tuple(sorted((key, value) for key, value in pairs if isinstance(value, str)))


@dataclass(frozen=True, slots=True)
class Placed(Node):
    """A node whose places are known from the start."""

    value: Json
    location: Location
    children: Mapping[str | int, Node] = field(default_factory=dict)
    keys: Mapping[str, Location] = field(default_factory=dict)
    raw: str = ""
