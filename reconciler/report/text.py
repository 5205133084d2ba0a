"""How values from outside become text that is safe and even on a terminal. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_JOINED = frozenset(  # one with what stands before: vowels and endings of Korean in parts, and colours of skin
    map(chr, (*range(0x1160, 0x1200), *range(0xD7B0, 0xD800), *range(0x1F3FB, 0x1F400)))
)
_LOGIN = re.compile(r"(?<=//)[^/@]*@")


def safe(text: str) -> str:
    """Return one line of text that can only be read: control characters, bidi overrides and the like are escaped."""
    if text.isprintable():
        return text
    return "".join(mark if _harmless(mark) else mark.encode("unicode_escape").decode() for mark in text)


def without_login(url: str) -> str:
    """Return an address without the user and password that it may hold."""
    return _LOGIN.sub("", url)


def human_bytes(count: int) -> str:
    """Return a number of bytes in decimal units, as `98.4 MB`."""
    value, unit = float(count), 0
    while round(value, 1) >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def signed_bytes(count: int) -> str:
    """Return a difference in bytes with its sign, as `+98.4 MB`."""
    sign = "+" if count > 0 else "−" if count < 0 else ""
    return sign + human_bytes(abs(count))


def human_age(seconds: int) -> str:
    """Return a length of time in the largest unit of which it has two, as `25 hours`; none where it is negative."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return counted(seconds // size, unit)
    return counted(max(seconds, 0), "second")


def counted(count: int, noun: str) -> str:
    """Return `1 model` or `2 models`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def width(text: str) -> int:
    """Return how many columns a terminal gives to printable text."""
    return len(text) if text.isascii() else sum(_columns(mark) for mark in text)


def cut(text: str, columns: int, gap: str = "…") -> str:
    """Return printable text that takes at most so many columns, with a mark of one where its end is missing."""
    if width(text) <= columns:
        return text
    ends = accumulate(_columns(mark) for mark in text)
    kept = sum(1 for _ in takewhile(lambda end: end < columns, ends))
    return f"{text[:kept]}{gap}"


def aligned(rows: Iterable[Sequence[str]], limits: Sequence[int]) -> list[list[str]]:
    """Return the rows with their cells padded to columns; a cell wider than its column's limit sticks out alone."""
    table = [list(row) for row in rows]
    for column, limit in enumerate(limits):
        fitting = [found for row in table if (found := width(row[column])) <= limit]
        wide = max(fitting, default=0)
        for row in table:
            row[column] += " " * (wide - width(row[column]))
    return table


def document(lines: Iterable[str]) -> str:
    """Return the lines as one text that ends with an end of line."""
    return "\n".join(lines) + "\n"


def _harmless(mark: str) -> bool:
    return mark.isprintable() or unicodedata.category(mark) == "Zs"


def _columns(mark: str) -> int:
    if unicodedata.category(mark) in {"Mn", "Me"} or mark in _JOINED:
        return 0
    return 2 if unicodedata.east_asian_width(mark) in {"W", "F"} else 1
