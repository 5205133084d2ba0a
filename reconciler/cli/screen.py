"""What those who look can see: colours, columns and letters, as the environment and the terminal say."""

import codecs
import io
import os
import sys
from collections.abc import Mapping

_INSTEAD = "reconciler.instead"
_ASCII = "reconciler_ascii"
_LETTERS = {
    "→": "->",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "✓": "v",
    "✗": "x",
    "·": ".",
    "≠": "#",
    "↑": "^",
    "○": "o",
    "×": "x",
    "“": '"',
    "”": '"',
}
_PLAIN = frozenset({"C", "POSIX"})
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})  # what Python itself makes of LC_CTYPE where LANG is C
_DUMB = frozenset({"dumb", "unknown"})


def colours(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Tell whether to write colours.

    NO_COLOR forbids them, FORCE_COLOR and CLICOLOR_FORCE ask for them also where there is no terminal; on one there
    are colours, unless CLICOLOR is 0 or it can't show any.
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return terminal and environ.get("CLICOLOR") != "0" and environ.get("TERM") not in _DUMB


def columns() -> int:
    """Return how wide the terminal is that shows stdout, 0 where none does."""
    if not sys.stdout.isatty():
        return 0
    from shutil import get_terminal_size

    return get_terminal_size().columns


def write_what_they_can_show() -> None:
    """Have stdout and stderr write something else for letters that they do not have, instead of failing at them."""
    codecs.register_error(_INSTEAD, _instead)
    codecs.register(_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_ = codecs.lookup(stream.encoding).name == "ascii" or (stream.isatty() and plain(os.environ))
            stream.reconfigure(encoding=_ASCII if ascii_ else None, errors=_INSTEAD)


def plain(environ: Mapping[str, str]) -> bool:
    """Tell whether somebody asks for ASCII alone; where nothing is said, everything today reads UTF-8."""
    if environ.get("PYTHONIOENCODING") or environ.get("PYTHONUTF8"):
        return False
    kind = "" if environ.get("LC_CTYPE") in _COERCED else environ.get("LC_CTYPE")
    return (environ.get("LC_ALL") or kind or environ.get("LANG")) in _PLAIN


def _ascii(name: str) -> codecs.CodecInfo | None:
    """Return ASCII under another name: click takes a stream that is openly ASCII for a mistake, and writes UTF-8."""
    if name != _ASCII:
        return None
    coding = codecs.lookup("ascii")
    return codecs.CodecInfo(coding.encode, coding.decode, incrementalencoder=coding.incrementalencoder, name=name)


def _instead(error: UnicodeError) -> tuple[str, int]:
    """Return ASCII for letters that can't be written, and where to go on."""
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    return "".join(_LETTERS.get(mark) or mark.encode("unicode_escape").decode() for mark in lost), error.end
