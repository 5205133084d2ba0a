"""Lines below a row: fields, and hints. Pure."""

from collections.abc import Iterator, Sequence

from reconciler.report.fields import FieldRow
from reconciler.report.fold import Whole
from reconciler.report.paint import Colour, Paint
from reconciler.report.text import aligned

WIDEST = 48  # columns that one cell may claim from its whole column
_DIFF = {"+": Colour.GREEN, "-": Colour.RED, "@": Colour.CYAN}


def field_lines(fields: Sequence[FieldRow], paint: Paint) -> Iterator[str]:
    """Yield fields, their labels in one column."""
    labels = [(f"drifted: {field.path}" if field.drifted else field.path,) for field in fields]
    for field, (label,) in zip(fields, aligned(labels, (WIDEST,)), strict=True):
        yield from _field(field, label, paint)


def hint_lines(hint: str) -> tuple[str, ...]:
    """Return a hint, which is safe to print, on a line of its own; nothing for none."""
    return (f"      hint: {hint}",) if hint else ()


def _field(field: FieldRow, label: str, paint: Paint) -> Iterator[str]:
    if not field.lines:
        yield f"      {label}  {field.told or f'{field.before} → {field.after}'}"
        return
    yield f"      {label.rstrip()}"
    for line in field.lines:
        yield Whole("        " + paint(_DIFF.get(line[0], Colour.NONE), line))
