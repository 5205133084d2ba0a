"""Text from outside as Markdown: nothing in it can be a mark, a mention, a link, a picture or a tag. Pure.

GitHub finds mentions, issues and emoji in the finished page, where a backslash is gone. So a word that might be one
becomes code, where nothing is looked for.
"""

import re
from collections.abc import Iterable

from reconciler.report.text import cut, safe

LONGEST = 500  # columns that one text may take

_TOKENS = re.compile(r"`([^`]+)`|(\s+)|([^\s`]+|`)")
_EMOJI = r":(?:[a-z+-][\w+-]*|\d{3,4}):"
_FOUND_LATER = re.compile(rf"[@#$]|://|www\.|gh-\d|{_EMOJI}", re.IGNORECASE)  # in the page, by GitHub
_SPECIAL = re.compile(r"[\\`*_\[\]<>&~|]")
_BEGINNING = re.compile(r"^([-+=:]|\d+[.)](?!\S))")  # what would begin a list, or a table, in a new line
_ENDS = ".,:;!?)"  # what may follow a word without being part of it
_TICKS = re.compile(r"`+")


def code(text: str) -> str:
    """Return one line of text as code, cut where it is long; bars stand outside, where they can't end a cell."""
    return "&#124;".join(map(_span, cut(safe(text), LONGEST).split("|")))


def prose(text: str) -> str:
    """Return one line of text for people to read, cut where it is long; what stands between backticks in it is code."""
    shown, before = [], ""
    for quoted, space, word in _TOKENS.findall(cut(safe(text), LONGEST).strip()):
        piece = code(quoted) if quoted else " " if space else _word(word)
        shown.append(f" {piece}" if before.endswith("`") and piece.startswith("`") else piece)
        before = piece
    return _BEGINNING.sub(lambda mark: f"{mark[0][:-1]}\\{mark[0][-1]}", "".join(shown))


def comment(text: str) -> str:
    """Return a comment that no reader sees and that nothing in the text can end, for programs that look for it."""
    return f"<!-- {re.sub('[^A-Za-z0-9_./:=,@ ]+', '-', cut(safe(text), LONGEST))} -->"


def fenced(lines: Iterable[str], language: str) -> str:
    """Return lines, which are safe to print, as a block of code that ends with an end of line."""
    body = "\n".join(lines)
    fence = _ticks(body, 3)
    return f"{fence}{language}\n{body}\n{fence}\n"


def _word(word: str) -> str:
    if not _FOUND_LATER.search(word):
        return _plain(word)
    whole = word.lstrip("(")
    core = whole.rstrip(_ENDS)
    return word[: -len(whole) or None] + code(core) + _plain(whole[len(core) :])


def _plain(word: str) -> str:
    return _SPECIAL.sub(lambda mark: f"&#{ord(mark[0])};" if mark[0] in "`|" else f"\\{mark[0]}", word)


def _span(text: str) -> str:
    """Return text without bars between more backticks than it has itself."""
    if not text.strip():
        return ""
    ticks = _ticks(text, 1)
    return f"{ticks} {text} {ticks}" if "`" in text else f"{ticks}{text}{ticks}"


def _ticks(text: str, least: int) -> str:
    return "`" * max(least, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
