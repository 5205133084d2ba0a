"""How models stand to upstream, as text: a changelog where something is new, a sentence where nothing is."""

from collections.abc import Iterator, Sequence

from reconciler.report.changelog import since
from reconciler.report.fold import laid_out
from reconciler.report.lines import field_lines, hint_lines
from reconciler.report.paint import Colour, Paint
from reconciler.report.sentences import chain_lines, pin_text
from reconciler.report.text import human_bytes, safe
from reconciler.report.upstream import Entry, Standing, Told

_THEN = {Standing.OUTDATED: "locked", Standing.MOVED: "applied"}


def diff_text(found: Sequence[Told], *, colour: bool, columns: int = 0) -> str:
    """Return each answer in turn; a model has more than one only where its hosts differ, and then they are named."""
    paint = Paint(colour)
    return laid_out((line for item in found for line in _lines(item, paint, several=_several(item, found))), columns)


def _several(item: Told, found: Sequence[Told]) -> bool:
    return sum(other.entry.model == item.entry.model for other in found) > 1


def _lines(item: Told, paint: Paint, *, several: bool) -> Iterator[str]:
    entry, where = item.entry, f" on {', '.join(item.hosts)}" if several else ""
    if entry.versions is None:
        yield safe(f"{_sentence(entry, where)}")
        yield from (f"      {safe(line)}" for line in chain_lines(entry.sources))
        yield from hint_lines(safe(entry.hint))
        return
    told = since(_THEN[entry.standing], entry.versions)
    cost = f"{human_bytes(entry.versions.transfer)} to fetch"
    yield paint(Colour.YELLOW, safe(f"^ {entry.model}{where}  {entry.source} {entry.reference}  {told}  {cost}"))
    yield from field_lines(entry.versions.rows, paint)
    names = ", ".join(str(name) for name in entry.rebuilds)
    for line in (*chain_lines(entry.sources), entry.note, f"rebuilds: {names}" if names else ""):
        if line:
            yield safe(f"      {line}")
    yield from hint_lines(safe(entry.hint))


def _sentence(entry: Entry, where: str) -> str:
    model, pin = f"{entry.model}{where}", pin_text(entry.before or entry.after)
    match entry.standing:
        case Standing.BUILT:
            return f"{model} is built on {entry.base} and brings nothing else."
        case Standing.ABSENT:
            return f"{model}: upstream offers {pin}; what was there before is neither locked nor on record."
        case Standing.UNCHECKED:
            return f"{model}: upstream could not say what it offers instead of {pin}: {entry.note}"
        case Standing.UNRESOLVED:
            return f"{model}: {entry.note}"
        case _:
            locked = ", locked" if entry.locked else ""
            return f"Nothing new: {model} is what upstream offers ({pin}{locked})."
