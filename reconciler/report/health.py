"""What the doctor found, as text and as JSON: area by area, and how to mend what is wrong below it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.core.health import Finding, Grade, found
from reconciler.report.fold import laid_out
from reconciler.report.json_parts import Json, given, report
from reconciler.report.lines import WIDEST, hint_lines
from reconciler.report.paint import Colour, Paint
from reconciler.report.text import aligned, counted, safe

_SYMBOLS = {Grade.OK: "✓", Grade.WARNING: "!", Grade.ERROR: "✗"}
_COLOURS = {Grade.OK: Colour.GREEN, Grade.WARNING: Colour.YELLOW, Grade.ERROR: Colour.RED}


def health_text(findings: Sequence[Finding], *, colour: bool, columns: int = 0) -> str:
    """Return the findings, area by area as they come, and what they come to."""
    paint = Paint(colour)
    lines: list[str] = []
    for area, items in groupby(findings, key=lambda item: item.area):
        lines += [paint(Colour.BOLD, area.value), *_lines(tuple(items), paint), ""]
    return laid_out((*lines, _summary(findings)), columns)


def health_json(findings: Sequence[Finding]) -> str:
    """Return the same for machines, as `schemas/report.schema.json` describes it."""
    body: Json = {
        "good": not found(findings, Grade.ERROR),
        "summary": {grade.value: found(findings, grade) for grade in Grade},
        "findings": [_finding(item) for item in findings],
    }
    return report("doctor", body)


def _finding(item: Finding) -> Json:
    told = {"area": item.area.value, "about": item.about, "grade": item.grade.value, "message": item.message}
    return {**told, **given(hint=item.hint)}


def _lines(items: Sequence[Finding], paint: Paint) -> Iterator[str]:
    cells = aligned(((safe(item.about), safe(item.message)) for item in items), (WIDEST,))
    for item, (about, message) in zip(items, cells, strict=True):
        symbol = paint(_COLOURS[item.grade], _SYMBOLS[item.grade])
        yield f"  {symbol} {about}  {message}"
        yield from hint_lines(safe(item.hint))


def _summary(findings: Sequence[Finding]) -> str:
    counts = ((found(findings, Grade.ERROR), "error"), (found(findings, Grade.WARNING), "warning"))
    told = ", ".join(counted(count, noun) for count, noun in counts if count)
    return f"{told}." if told else "Nothing is wrong."
