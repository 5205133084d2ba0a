"""The text of a lock: JSON that reads well in a review, with every finding at its place. Pure."""

import json
import re
from collections.abc import Collection, Iterator, Mapping

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.lock import Locked
from reconciler.manifest.rules import Rule, finding, nearest

VERSION = 1

_MOST = 1 << 63  # bytes; no disk has as many
_MARKER = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_ANEW = "restore the lock from git, or delete it: `reconciler lock` writes it anew"
_MERGE = "keep one side whole: `reconciler lock` then adds what it lacks and drops what is not needed"


class _Object(tuple[tuple[str, object], ...]):
    """A JSON object as it is written: its pairs in order, those that come twice too."""

    __slots__ = ()


class _Places:
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


def written(references: Mapping[str, Facts]) -> str:
    """Return the text of a lock: the same for the same pins, one thing a line, sorted."""
    plain = {name: dict(pin) for name, pin in references.items()}
    return json.dumps({"lock_version": VERSION, "references": plain}, indent=2, sort_keys=True) + "\n"


def entries(text: str, file: str, types: Collection[str]) -> Iterator[Locked | Diagnostic]:
    """Yield the entries of a lock with the keys as they are written, and what is wrong; `file` names it there."""
    try:
        document = json.loads(text, object_pairs_hook=_Object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        yield _broken(text, Location(file, error.lineno, error.colno), error.msg)
        return
    except (ValueError, RecursionError) as error:  # a number without end, or nesting without end
        yield _broken(text, Location(file), str(error))
        return
    if not isinstance(document, _Object):
        yield finding(Location(file, 1, 1), Rule.LOCK_SYNTAX, "a lock is a JSON object", _ANEW)
        return
    version = dict(document).get("lock_version")
    if type(version) is int and version == VERSION:
        yield from _sections(document, _Places(text, file), types)
    else:
        yield _of_another_version(version, _Places(text, file).of("lock_version"))


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


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


def _sections(document: _Object, places: _Places, types: Collection[str]) -> Iterator[Locked | Diagnostic]:
    seen: set[str] = set()
    for key, value in document:
        where = places.of(key)
        if key in seen:
            yield _twice(key, where)
        elif key == "references" and isinstance(value, _Object):
            yield from _references(value, places, types)
        elif key == "references":
            yield finding(where, Rule.LOCK_ENTRY, "references is an object: an entry for each reference", _ANEW)
        elif key != "lock_version":
            yield finding(where, Rule.UNKNOWN_KEY, f"unknown key {key!r}", "a lock has lock_version and references")
        seen.add(key)
    if "references" not in seen:
        yield finding(where, Rule.MISSING_KEY, "references is missing", _ANEW)


def _references(references: _Object, places: _Places, types: Collection[str]) -> Iterator[Locked | Diagnostic]:
    seen: set[str] = set()
    for name, pin in references:
        where = places.of(name)
        yield _twice(name, where) if name in seen else _entry(name, pin, where, types)
        seen.add(name)


def _twice(key: str, where: Location) -> Diagnostic:
    return finding(where, Rule.DUPLICATE_KEY, f"{key!r} is there twice", "keep one of the two")


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
    if not isinstance(value, _Object):
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
