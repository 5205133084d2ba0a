"""JSON as data that remembers where everything stands: for files that we write, and anybody may change. Pure."""

import json
import math
from collections.abc import Callable

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.tree import Json, Node, Placed


class JsonObject(tuple[tuple[str, object], ...]):
    """A JSON object as it is written: its pairs in order, those that come twice too."""

    __slots__ = ()


class Places:
    """Where keys stand in the text; they are looked for in their order, so that the text is gone through once."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._at, self._line, self._start = 0, 1, 0  # behind the last key's begin; its line; where that begins

    def of(self, key: str) -> Location:
        """Return where the next such key stands; the file as a whole from the first key on that is spelled oddly."""
        at = self._text.find(f"{json.dumps(key)}:", self._at)
        if at < 0:
            self._text = ""
            return Location(self._file)
        self._line += self._text.count("\n", self._at, at)
        self._start = max(self._start, self._text.rfind("\n", self._at, at) + 1)
        self._at = at + 1
        return Location(self._file, self._line, at - self._start + 1)


def parsed(text: str, file: str, broken: Callable[[Location, str], Diagnostic]) -> object:
    """Return the document in a text, or what `broken` makes of the place and the reason where it is not JSON."""
    try:
        return json.loads(text, object_pairs_hook=JsonObject, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        return broken(Location(file, error.lineno, error.colno), error.msg)
    except (ValueError, RecursionError) as error:  # a number without end, or nesting without end
        return broken(Location(file), str(error))


def twice(key: str, where: Location) -> Diagnostic:
    """Return the finding about a key that an object has twice."""
    return finding(where, Rule.DUPLICATE_KEY, f"{key!r} is there twice", "keep one of the two")


def tree(document: JsonObject, places: Places, root: Location, findings: list[Diagnostic]) -> Node:
    """Return a document with places, and add to the findings the keys that are there twice; raises RecursionError."""
    return _node(document, places, root, findings)


def _node(value: object, places: Places, where: Location, findings: list[Diagnostic]) -> Node:
    if isinstance(value, JsonObject):
        return _mapping(value, places, where, findings)
    if isinstance(value, list):
        items = [_node(item, places, where, findings) for item in value]
        return Placed([item.value for item in items], where, dict(enumerate(items)))
    raw = "" if isinstance(value, str) else json.dumps(value)
    assert value is None or isinstance(value, str | int | float)
    return Placed(value, where, raw=raw)


def _mapping(pairs: JsonObject, places: Places, where: Location, findings: list[Diagnostic]) -> Node:
    children: dict[str | int, Node] = {}
    keys: dict[str, Location] = {}
    plain: dict[str, Json] = {}
    for key, value in pairs:
        place = places.of(key)
        if key in keys:
            findings.append(twice(key, place))
        keys[key] = place
        node = _node(value, places, place, findings)
        children[key], plain[key] = node, node.value
    return Placed(plain, where, children, keys)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number that can be held")
    return number
