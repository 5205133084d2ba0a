"""What became of locks, as text and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.core.facts import Fact, Facts
from reconciler.core.lock import LockChange, Revision, set_digest
from reconciler.report.fold import laid_out
from reconciler.report.json_report import FORMAT_VERSION
from reconciler.report.paint import Colour, Paint
from reconciler.report.text import aligned, counted, document, human_bytes, safe

_WIDEST = 64  # columns that one cell may claim from its whole column
_LENGTHS = {"commit": 7, "digest": 12, "sha256": 12}  # what tells one pin from another, and how much of it is shown
_DONE = {"add": "added", "move": "moved", "remove": "removed"}
_MARKS = {"add": ("+", Colour.GREEN), "move": ("~", Colour.YELLOW), "remove": ("-", Colour.RED)}


def lock_text(revisions: Sequence[Revision], *, colour: bool, columns: int = 0) -> str:
    """Return what became of each lock, a line for each reference that was added, moved or removed."""
    paint = Paint(colour)
    return laid_out((line for item in revisions for line in (*_lines(item, paint), _summary(item))), columns)


def agreement_text(count: int) -> str:
    """Return that locks with so many references agree with the manifests."""
    return document([f"Locks and manifests agree: {counted(count, 'reference')} locked."])


def lock_json(revisions: Sequence[Revision]) -> str:
    """Return what became of each lock, as `schemas/report.schema.json` describes it."""
    locks = [
        {"lock": item.file, "kept": item.kept, "changes": [_change(change) for change in item.changes]}
        for item in revisions
    ]
    return json.dumps({"format_version": FORMAT_VERSION, "report": "lock", "locks": locks}, indent=2) + "\n"


def _lines(item: Revision, paint: Paint) -> Iterator[str]:
    cells = aligned((_row(change) for change in item.changes), (_WIDEST,) * 2)
    for change, shown in zip(item.changes, cells, strict=True):
        mark, colour = _MARKS[_action(change)]
        yield paint(colour, f"  {mark} {'  '.join(shown).rstrip()}")


def _row(change: LockChange) -> tuple[str, str, str]:
    pins = " → ".join(_short(pin) for pin in (change.before, change.after) if pin is not None)
    return safe(change.name), safe(pins), human_bytes(_size(change.after)) if change.after is not None else ""


def _summary(item: Revision) -> str:
    counts = Counter(_action(change) for change in item.changes)
    told = [f"{counts[action]} {word}" for action, word in _DONE.items() if counts[action]]
    if not told and not item.kept:
        return f"{safe(item.file)}: nothing to lock."
    if not told:
        return f"{safe(item.file)}: nothing to change, {counted(item.kept, 'reference')} locked."
    return f"{safe(item.file)}: {', '.join(told)}, {item.kept} kept."


def _action(change: LockChange) -> str:
    if change.before is None:
        return "add"
    return "remove" if change.after is None else "move"


def _short(pin: Facts) -> str:
    key, text = _meaning(pin)
    return text.removeprefix("sha256:")[: _LENGTHS[key]] or "?"


def _change(change: LockChange) -> dict[str, object]:
    sides = {"before": change.before, "after": change.after}
    pins = {side: _told(pin) for side, pin in sides.items() if pin is not None}
    return {"action": _action(change), "reference": change.name, **pins}


def _told(pin: Facts) -> dict[str, object]:
    return {"pin": _meaning(pin)[1], "size": _size(pin)}


def _size(pin: Facts) -> int:
    """Return the bytes of all of it; a spoilt entry counts as far as it can be read."""
    known = dict(pin)
    size = known.get("size", 0)
    others = [text.rpartition(" ")[2] for text in (*_files(pin), known.get("mmproj")) if isinstance(text, str)]
    return sum((int(text) for text in others if text.isdecimal()), size if isinstance(size, int) else 0)


def _files(pin: Facts) -> tuple[Fact, ...]:
    """Return the files of a set, each as `PATH SHA256 BYTES`; none for what is one file, or spoilt."""
    files = dict(pin).get("files")
    return files if isinstance(files, tuple) else ()


def _meaning(pin: Facts) -> tuple[str, str]:
    """Return what tells one pin from another: how the lock calls it, and what it is; empty for one that is spoilt."""
    known = dict(pin)
    if files := _files(pin):
        known.setdefault("sha256", set_digest(map(str, files)).hex)
    return next(((key, str(known[key])) for key in _LENGTHS if key in known), ("digest", ""))
