"""Plain data -> YAML that people read and that `yaml_tree` reads back as it was. Pure.

A text stands as it is where nobody could take it for anything else, as a block where it has lines, and otherwise
between quotes, with everything escaped that can't be seen. Nothing is ever folded or trimmed.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator

from reconciler.manifest.scalars import Ambiguous, plain
from reconciler.manifest.tree import Json

_WIDTH = 110  # columns of a comment
_BARE = re.compile(r"[\w./(][^\t\n]*(?<![ :])")
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def yaml_text(data: dict[str, Json]) -> str:
    """Return a mapping as one document, its keys in their order; raises ValueError for a text that UTF-8 can't hold."""
    return "".join(f"{line}\n" for line in _mapping(data))


def comment(texts: Iterable[str]) -> str:
    """Return each text as a comment of as many lines as it takes; whatever it holds, it does not end before."""
    lines = (line for text in texts for line in textwrap.wrap(_seen(text), _WIDTH) or [""])
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def commented(text: str) -> str:
    """Return YAML as comments, to be brought back by hand."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n")[:-1])


def _mapping(data: dict[str, Json]) -> Iterator[str]:
    for key, value in data.items():
        yield from _under(f"{_scalar(key)}:", value)


def _under(begin: str, value: Json) -> Iterator[str]:
    """Yield the lines of what stands behind a key or a dash."""
    match value:
        case dict() if value and begin == "-":
            for place, line in enumerate(_mapping(value)):
                yield f"- {line}" if place == 0 else _indented(line)
        case dict() | list() if value:
            yield begin
            inside = _mapping(value) if isinstance(value, dict) else _items(value)
            yield from (_indented(line) for line in inside)
        case str() if _is_block(value):
            first, *lines = _block(value)
            yield f"{begin} {first}"
            yield from (_indented(line) for line in lines)
        case dict() | list():
            yield f"{begin} {'{}' if isinstance(value, dict) else '[]'}"
        case _:
            yield f"{begin} {_scalar(value)}"


def _items(values: list[Json]) -> Iterator[str]:
    for value in values:
        yield from _under("-", value)


def _indented(line: str) -> str:
    return f"  {line}" if line else ""


def _is_block(text: str) -> bool:
    """Tell whether a text has lines, all of which can be seen, and ends with one of them."""
    lines = text.split("\n")
    return len(lines) > 1 and text[-2:].strip(" \t\n") != "" and all(line.isprintable() for line in lines)


def _block(text: str) -> Iterator[str]:
    """Yield the header and the lines; an indentation that the text has itself, or its first empty line, is told."""
    told = "2" if text[0] in " \n" else ""
    yield f"|{told}" if text.endswith("\n") else f"|{told}-"
    yield from text.removesuffix("\n").split("\n")


def _scalar(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value if _is_bare(value) else _quoted(value)
        case _:
            return repr(value)


def _is_bare(text: str) -> bool:
    """Tell whether a text means itself without quotes, to every reader of YAML."""
    if not _BARE.fullmatch(text) or not text.isprintable() or ": " in text or " #" in text:
        return False
    try:
        return plain(text) == text
    except Ambiguous:
        return False


def _quoted(text: str) -> str:
    if _HALF.search(text):
        raise ValueError("it holds half of a character, which no file in UTF-8 can")
    return '"' + "".join(_ESCAPES.get(mark) or (mark if mark.isprintable() else _escape(mark)) for mark in text) + '"'


def _escape(mark: str) -> str:
    code = ord(mark)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _seen(text: str) -> str:
    """Return a text on one line, with everything escaped that can't be seen."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)
