"""The text of a lock: JSON that reads well in a review, with every finding at its place. Pure."""

import json
import re
from collections.abc import Collection, Iterator, Mapping

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.lock import Locked
from reconciler.manifest.json_tree import JsonObject, Places, parsed, twice
from reconciler.manifest.rules import Rule, finding, nearest

VERSION = 1

_MOST = 1 << 63  # bytes; no disk has as many
_MARKER = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_ANEW = "restore the lock from git, or delete it: `reconciler lock` writes it anew"
_MERGE = "keep one side whole: `reconciler lock` then adds what it lacks and drops what is not needed"


def written(references: Mapping[str, Facts]) -> str:
    """Return the text of a lock: the same for the same pins, one thing a line, sorted."""
    plain = {name: dict(pin) for name, pin in references.items()}
    return json.dumps({"lock_version": VERSION, "references": plain}, indent=2, sort_keys=True) + "\n"


def entries(text: str, file: str, types: Collection[str]) -> Iterator[Locked | Diagnostic]:
    """Yield the entries of a lock with the keys as they are written, and what is wrong; `file` names it there."""
    document = parsed(text, file, lambda where, reason: _broken(text, where, reason))
    if isinstance(document, Diagnostic):
        yield document
        return
    if not isinstance(document, JsonObject):
        yield finding(Location(file, 1, 1), Rule.LOCK_SYNTAX, "a lock is a JSON object", _ANEW)
        return
    version = dict(document).get("lock_version")
    if type(version) is int and version == VERSION:
        yield from _sections(document, Places(text, file), types)
    else:
        yield _of_another_version(version, Places(text, file).of("lock_version"))


def _of_another_version(version: object, where: Location) -> Diagnostic:
    if type(version) is not int:
        return finding(where, Rule.LOCK_VERSION, "lock_version, a whole number, is missing", _ANEW)
    message = f"the lock is of version {version}, and this reconciler reads {VERSION}"
    return finding(where, Rule.LOCK_VERSION, message, "use the version of reconciler that wrote it")


def _broken(text: str, where: Location, reason: str) -> Diagnostic:
    """Return the finding about what is not JSON: where git left its markers, that they are there."""
    marker = _MARKER.search(text)
    if marker is None:
        return finding(where, Rule.LOCK_SYNTAX, f"this is not JSON: {reason}", _ANEW)
    place = Location(where.file, text.count("\n", 0, marker.start()) + 1, 1)
    return finding(place, Rule.LOCK_SYNTAX, "git left a merge conflict in the lock", _MERGE)


def _sections(document: JsonObject, places: Places, types: Collection[str]) -> Iterator[Locked | Diagnostic]:
    seen: set[str] = set()
    for key, value in document:
        where = places.of(key)
        if key in seen:
            yield twice(key, where)
        elif key == "references" and isinstance(value, JsonObject):
            yield from _references(value, places, types)
        elif key == "references":
            yield finding(where, Rule.LOCK_ENTRY, "references is an object: an entry for each reference", _ANEW)
        elif key != "lock_version":
            yield finding(where, Rule.UNKNOWN_KEY, f"unknown key {key!r}", "a lock has lock_version and references")
        seen.add(key)
    if "references" not in seen:
        yield finding(where, Rule.MISSING_KEY, "references is missing", _ANEW)


def _references(references: JsonObject, places: Places, types: Collection[str]) -> Iterator[Locked | Diagnostic]:
    seen: set[str] = set()
    for name, pin in references:
        where = places.of(name)
        yield twice(name, where) if name in seen else _entry(name, pin, where, types)
        seen.add(name)


def _entry(name: str, pin: object, where: Location, types: Collection[str]) -> Locked | Diagnostic:
    kind, _, key = name.partition(" ")
    if not kind or not key:
        return finding(where, Rule.LOCK_ENTRY, f"{name!r} does not name a reference", "it is `TYPE REFERENCE`")
    if kind not in types:
        near = nearest(kind, sorted(types))
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(types))}"
        return finding(where, Rule.LOCK_ENTRY, f"{kind!r} is no source type", hint)
    try:
        return Locked(kind, key, _pin(pin), where)
    except (TypeError, ValueError) as error:
        return finding(where, Rule.LOCK_ENTRY, f"the entry can't be used: {error}", _ANEW)


def _pin(value: object) -> Facts:
    """Return what an entry holds; what it means is for its source to say. Raises TypeError or ValueError."""
    if not isinstance(value, JsonObject):
        raise TypeError("it is not an object")
    pin = facts((key, _fact(item)) for key, item in value)
    if len(pin) != len(value):
        raise ValueError("something is there twice")
    return pin


def _fact(value: object) -> Fact:
    match value:
        case str():
            return value
        case int() if not isinstance(value, bool) and 0 <= value < _MOST:
            return value
        case list() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case _:
            raise ValueError("it holds something else than texts, lists of texts and numbers from 0 up")
