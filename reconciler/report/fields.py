"""Fields: what a change does to one value, for people to read. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import chain, islice

from reconciler.core.change import Action, Change
from reconciler.core.facts import Absent, Fact, FieldChange
from reconciler.report.text import safe

_SHORT = 60  # characters of a value that is shown on one line
_MOST_LINES = 60  # of a difference between two long texts
_MOST_COMPARED = 5000  # lines of each of them; what differs after that is not looked for
_LONGEST = 500  # characters of a line
_MOST_FIELDS = 100  # of one change
_ALL = "all of them in the JSON report"
_TOLD_BY_SOURCE = frozenset({"adapters", "base", "manifest", "projectors", "weights"})
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field: either `before` and `after`, or the `lines` of a unified diff where a value is long."""

    path: str
    drifted: bool  # somebody else changed it, and this is the way back
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()


def field_rows(change: Change) -> tuple[FieldRow, ...]:
    """Return what differs: first what somebody else changed, then what the manifests do.

    What a new model is made from is told by its source and left out here.
    """
    new = change.action is Action.CREATE
    wanted = (field for field in change.fields if not (new and field.path in _TOLD_BY_SOURCE))
    drift = (_row(field, drifted=True) for field in change.drift)
    rows = chain(drift, (_row(field, drifted=False) for field in wanted))
    hidden = len(change.drift) + len(change.fields) - _MOST_FIELDS
    more = (FieldRow("… more fields", drifted=False, lines=(_ALL,)),) if hidden > 0 else ()
    return (*islice(rows, _MOST_FIELDS), *more)


def value_text(value: Fact | Absent) -> str:
    """Return a value on one line: texts in quotes, digests by their first 12 digits."""
    match value:
        case Absent():
            return "(none)"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(value_text(item) for item in value)}]"
        case str():
            digest = _SHA256.fullmatch(value)
            return digest[1] if digest else f"'{safe(value)}'"
        case _:
            return str(value)


def _row(field: FieldChange, *, drifted: bool) -> FieldRow:
    path = safe(field.path)
    short = field.path != "messages" and _short(field.before) and _short(field.after)
    lines = () if short else _difference(_lines(field.path, field.before), _lines(field.path, field.after))
    if lines:
        return FieldRow(path, drifted, lines=lines)
    return FieldRow(path, drifted, _cut(value_text(field.before)), _cut(value_text(field.after)))


def _short(value: Fact | Absent) -> bool:
    lines = value.strip("\n").count("\n") if isinstance(value, str) else 0
    return not lines and len(value_text(value)) <= _SHORT


def _lines(path: str, value: Fact | Absent) -> list[str]:
    if isinstance(value, Absent):
        return []
    if path == "messages" and isinstance(value, tuple):
        return [line for turn in value for line in _turn(turn)]
    if isinstance(value, tuple):
        return [value_text(item) for item in value]
    return value.split("\n") if isinstance(value, str) else [value_text(value)]


def _turn(turn: Fact) -> Iterable[str]:
    """Return one message as `role: content`, further lines of it indented."""
    role, content = (str(part) for part in turn) if isinstance(turn, tuple) and len(turn) == 2 else ("?", str(turn))
    first, *more = content.split("\n")
    return (f"{role}: {first}", *(f"  {line}" for line in more))


def _difference(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    compared = unified_diff(before[:_MOST_COMPARED], after[:_MOST_COMPARED], lineterm="", n=2)
    lines = [_cut(safe(line)) for line in list(compared)[2:]]
    if not lines and len(before) + len(after) > 2 * _MOST_COMPARED:
        return (f"… they differ after {_MOST_COMPARED} lines, {_ALL}",)
    hidden = len(lines) - _MOST_LINES
    if hidden <= 0:
        return tuple(lines)
    return (*lines[:_MOST_LINES], f"… {hidden} more lines, {_ALL}")


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… {len(line) - _LONGEST} more characters"
