"""Fields: what a change does to one value, for people to read. Pure."""

import re
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from itertools import chain, islice, takewhile

from reconciler.core.change import Action, Change
from reconciler.core.facts import Absent, Fact, FieldChange
from reconciler.core.frozen import dataclass
from reconciler.report.text import safe

_SHORT = 60  # characters of a value that is shown on one line
_PIECE = 160  # characters of a longer line that are shown, and compared, as one
_MOST_LINES = 60  # of a difference between two long texts
_CONTEXT = 2  # lines around what differs
_COMPARED = 1000  # lines from the first one that differs: more would take minutes, and are not shown anyway
_MOST_FIELDS = 100  # of one change
_ALL = "all of them in the JSON report"
_TOLD_BY_SOURCE = frozenset({"adapters", "base", "manifest", "projectors", "weights"})
_NUMBER = re.compile(r"(?<= [-+])\d+")
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field: `before` and `after`, or the `lines` of a unified diff where a value is long, or what is `told`."""

    path: str
    drifted: bool = False  # somebody else changed it, and this is the way back
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()
    told: str = ""


def field_rows(change: Change) -> tuple[FieldRow, ...]:
    """Return what differs: first what somebody else changed, then what the manifests do.

    What a new model is made from is told by its source and left out here.
    """
    new = change.action is Action.CREATE
    wanted = (field for field in change.fields if not (new and field.path in _TOLD_BY_SOURCE))
    drift = (field_row(field, drifted=True) for field in change.drift)
    return first_rows(chain(drift, map(field_row, wanted)))


def first_rows(rows: Iterable[FieldRow]) -> tuple[FieldRow, ...]:
    """Return as many rows as one change may have, made no sooner than they are asked for, and a last one for more."""
    waiting = iter(rows)
    shown = tuple(islice(waiting, _MOST_FIELDS))
    more = next(waiting, None) is not None
    return (*shown, FieldRow("… more fields", lines=(_ALL,))) if more else shown


def field_row(field: FieldChange, *, drifted: bool = False) -> FieldRow:
    """Return one field as a row, however long its values are."""
    path = safe(field.path)
    short = field.path != "messages" and _short(field.before) and _short(field.after)
    lines = () if short else _difference(_lines(field.path, field.before), _lines(field.path, field.after))
    if lines:
        return FieldRow(path, drifted, lines=lines)
    return FieldRow(path, drifted, _cut(value_text(field.before)), _cut(value_text(field.after)))


def value_text(value: Fact | Absent) -> str:
    """Return a value on one line: texts in quotes as Python writes them, digests by their first 12 digits."""
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
            return digest[1] if digest else _quoted(value)
        case _:
            return str(value)


def _quoted(text: str) -> str:
    """Return a text in quotes; a backslash in it is doubled, so that it is told from one that escapes."""
    mark = '"' if "'" in text and '"' not in text else "'"
    return mark + safe(text.replace("\\", "\\\\").replace(mark, f"\\{mark}")) + mark


def _short(value: Fact | Absent) -> bool:
    lines = value.strip("\n").count("\n") if isinstance(value, str) else 0
    return not lines and len(value_text(value)) <= _SHORT


def _lines(path: str, value: Fact | Absent) -> list[str]:
    return [piece for line in _whole_lines(path, value) for piece in _pieces(line)]


def _whole_lines(path: str, value: Fact | Absent) -> list[str]:
    if isinstance(value, Absent):
        return []
    if path == "messages" and isinstance(value, tuple):
        return [line for turn in value for line in _turn(turn)]
    if isinstance(value, tuple):
        return [value_text(item) for item in value]
    return value.split("\n") if isinstance(value, str) else [value_text(value)]


def _pieces(line: str) -> list[str]:
    """Return a line as it is, or a long one as several, of which all but the last end in an ellipsis."""
    starts = range(0, len(line) or 1, _PIECE)
    return [line[start : start + _PIECE] + "…" * (start + _PIECE < len(line)) for start in starts]


def _turn(turn: Fact) -> Iterable[str]:
    """Return one message as `role: content`, further lines of it indented."""
    role, content = (str(part) for part in turn) if isinstance(turn, tuple) and len(turn) == 2 else ("?", str(turn))
    first, *more = content.split("\n")
    return (f"{role}: {first}", *(f"  {line}" for line in more))


def _difference(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """Return what differs as a unified diff, cut off where it gets long, and then with a line that says so."""
    equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    start = max(0, equal - _CONTEXT)
    end = start + _COMPARED
    found = list(unified_diff(before[start:end], after[start:end], lineterm="", n=_CONTEXT))[2:]
    lines = tuple(safe(_numbered(line, start)) for line in found[:_MOST_LINES])
    if max(len(before), len(after)) > end:
        return (*lines, f"… and what follows, {_ALL}")
    hidden = len(found) - len(lines)
    return (*lines, f"… {hidden:,} more lines, {_ALL}") if hidden else lines


def _numbered(line: str, start: int) -> str:
    """Return the head of a hunk with its line numbers counted from the start of the texts; other lines as they are."""
    return _NUMBER.sub(lambda number: str(int(number[0]) + start), line) if line.startswith("@") else line


def _cut(line: str) -> str:
    return line if len(line) <= _PIECE else f"{line[:_PIECE]}… {len(line) - _PIECE:,} more characters"
