"""A NixOS configuration: `services.ollama.loadModels`, and `syncModels`. Pure.

Nix is a language, and nothing is evaluated here: a list of texts between brackets is read, wherever it stands, and
whatever else makes up the value is told.
"""

import re
from collections.abc import Iterator, Sequence

from reconciler.core.diagnostics import Location
from reconciler.manifest.foreign.converted import Converted, Part, converted, left_out, pruned, pulled

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>"(?:[^"\\]|\\.)*(?:"|\\?\Z)|''(?:[^']|'(?!')|''[$'\\])*(?:''|'?\Z))
    |(?P<word>[A-Za-z_][\w'.-]*)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LITERAL = {"n": "\n", "r": "\r", "t": "\t"}

Token = tuple[str, str, Location]  # (kind, text, place)


def convert(text: str, file: str) -> Converted:
    """Return a Model for each text in `loadModels`, and a Policy that prunes for `syncModels = true`."""
    return converted([*_parts([*_tokens(text, file)])])


def _tokens(text: str, file: str) -> Iterator[Token]:
    line = start = 0
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield str(found.lastgroup), found[0], Location(file, line + 1, found.start() - start + 1)
        line += found[0].count("\n")
        start = found.start() + found[0].rfind("\n") + 1 if "\n" in found[0] else start


def _parts(tokens: Sequence[Token]) -> Iterator[Part]:
    for place, (kind, text, where) in enumerate(tokens):
        attribute = text.rpartition(".")[2] if kind == "word" else ""
        if attribute in {"loadModels", "syncModels"} and _texts(tokens[place + 1 : place + 2]) == "=":
            value = _value(tokens[place + 2 :])
            yield from _models(value, where) if attribute == "loadModels" else _sync(value, where)


def _value(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return what stands before the semicolon that ends an attribute."""
    depth = 0
    for place, (kind, text, _) in enumerate(tokens):
        depth += (text in "([{") - (text in ")]}") if kind == "mark" else 0
        if depth < 0 or (depth == 0 and text == ";"):
            return tokens[:place]
    return tokens


def _models(value: Sequence[Token], where: Location) -> Iterator[Part]:
    if _texts(value[:1]) != "[":
        yield left_out(where, "`loadModels` is no plain list: only texts between [ and ] are read")
    inside = 0
    for kind, text, at in value:
        inside += (text == "[") - (text == "]") if kind == "mark" else 0
        if kind == "text":
            yield pulled(_content(text), at)
        elif not (kind == "mark" and text in "[]") or inside > 1:
            yield left_out(at, f"{text!r} in `loadModels` can't be read: only texts between [ and ] are")


def _sync(value: Sequence[Token], where: Location) -> Iterator[Part]:
    match _texts(value):
        case "true":
            yield pruned(where, "`syncModels = true`: what is not listed is removed")
        case "false":
            pass
        case _:
            yield left_out(where, "`syncModels` is neither true nor false here")


def _texts(tokens: Sequence[Token]) -> str:
    return " ".join(text for _, text, _ in tokens)


def _content(text: str) -> str:
    """Return what is in a text; an interpolation in it stays as it is, and is no model's name."""
    if text.startswith("''"):
        return text[2:-2].strip()
    return _ESCAPE.sub(lambda found: _LITERAL.get(found[1], found[1]), text[1:-1])
