"""Lines that are wider than the terminal go on below, between words and under their own column. Pure.

Nothing is ever cut off, and no word is broken: what must stay in one piece to be copied, like a name, sticks out
and is left to the terminal. Where nobody looks (a pipe, a file) nothing is folded.
"""

import re
from collections.abc import Iterable, Iterator

from reconciler.report.text import document, width

NARROWEST = 20  # columns; below that, folding would only make it worse
_PAINT = re.compile(r"\x1b\[\d*m")
_NORMAL = "\x1b[0m"
_TOKEN = re.compile(r" +|[\d.]+ [kMGTP]?B(?![^ ,.;)])[^ ]*|[^ ]+")  # a number stays with its unit
_GAP = re.compile(r" {2,}(?=[^ ])")
_FURTHER = 4  # columns by which a line that goes on is set in, where it has no columns of its own


class Whole(str):
    """A line that is not folded: a part of a file, or of a diff, that may be copied."""

    __slots__ = ()


def folded(line: str, columns: int) -> Iterator[str]:
    """Yield the line as lines that fit, as far as its words do; 0 columns mean that nobody looks."""
    plain = _PAINT.sub("", line)
    if isinstance(line, Whole) or columns < NARROWEST or width(plain) <= columns:
        yield line
        return
    inset = _inset(plain, columns)
    paint = ""
    for piece in _pieces(line, columns, inset):
        text = piece.lstrip(" ")
        begun, paint = paint, next(reversed(_PAINT.findall(piece)), paint).replace(_NORMAL, "")
        yield f"{piece[: len(piece) - len(text)]}{begun}{text}{_NORMAL if paint else ''}"


def _pieces(line: str, columns: int, inset: int) -> Iterator[str]:
    """Yield the words that fit on each line, the first as it is and the others set in.

    No line ends after a single letter, which is the symbol of a row.
    """
    piece, used, gap = "", 0, ""
    start = len(_PAINT.sub("", line)) - len(_PAINT.sub("", line).lstrip(" "))
    for token in _TOKEN.findall(line):
        if token.isspace():
            gap = token
            continue
        wide = width(_PAINT.sub("", token))
        if wide and used > start + 1 and used + len(gap) + wide > columns:
            yield piece
            piece, used, start, gap = " " * inset, inset, inset, ""
        piece, used, gap = f"{piece}{gap}{token}", used + len(gap) + wide, ""
    yield piece


def _inset(plain: str, columns: int) -> int:
    """Return how far the rest of a line is set in: under its last column that begins in the left half."""
    start = len(plain) - len(plain.lstrip(" "))
    starts = (width(plain[: gap.end()]) for gap in _GAP.finditer(plain, start))
    left = [place for place in starts if place <= columns // 2]
    return left[-1] if left else min(start + _FURTHER, columns // 2)


def laid_out(lines: Iterable[str], columns: int) -> str:
    """Return the lines, folded, as one text that ends with an end of line."""
    return document(piece for line in lines for piece in folded(line, columns))
