"""The essence of a model: from an answer of `/api/show` to facts that can be compared. Pure.

What the answer is like was found on 0.9.3 and read in the source of later servers:

- Digests stand only in `modelfile`, as the file names of its leading FROM, ADAPTER and DRAFT
  lines. Nothing after that block may be read line by line: a prompt can contain "FROM /x".
- `renderer` and `parser` are never filled in: both stand in `modelfile` only, behind SYSTEM.
- `template` is what was declared up to 0.24; from 0.30 on it may be the Jinja text of the
  GGUF, while the TEMPLATE command of `modelfile` stays what was declared.
- `parameters` is text, one line for each value as Go prints it, in random order of names.
  A list of one prints like a text, so `stop` is always read as a list.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts, freeze

_BLOB = re.compile(r'sha256-([0-9a-f]{64})"?$')
_ESCAPE = re.compile(r"""\\(?:([abfnrtv\\"'])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))""")
_NAMED_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONSTANTS: dict[str, Fact] = {"true": True, "false": False, "<nil>": None}


def essence(shown: Mapping[str, object]) -> Facts:
    """Return the facts of a model; what it does not have has no path. Raises ValueError without a modelfile."""
    modelfile = _text(shown, "modelfile")
    if not modelfile:
        raise ValueError("the answer holds no modelfile")
    block, rest = _leading_block(modelfile)
    found: dict[str, Fact] = {**_digests(block), **_parameters(_text(shown, "parameters"))}
    texts = {"template": _template(rest, _text(shown, "template"))}
    texts.update({path: _text(shown, path) for path in ("system", "license")})
    texts.update(_rendering(rest, texts["template"], texts["system"]))
    found.update({path: text for path, text in texts.items() if text})
    if messages := tuple(_messages(shown.get("messages"))):
        found["messages"] = messages
    return facts(found)


def _text(shown: Mapping[str, object], key: str) -> str:
    value = shown.get(key)
    return value if isinstance(value, str) else ""


def _leading_block(modelfile: str) -> tuple[list[tuple[str, str]], str]:
    """Return the commands that name files, and the text behind them."""
    block: list[tuple[str, str]] = []
    rest = modelfile
    while rest:
        line, _, after = rest.partition("\n")
        command, _, argument = line.partition(" ")
        if command in {"FROM", "ADAPTER", "DRAFT"}:
            block.append((command, argument))
        elif line and not line.startswith("#"):
            break
        rest = after
    return block, rest


def _digests(block: list[tuple[str, str]]) -> dict[str, Fact]:
    """Return weights, projectors and adapters; a model that is not made of GGUFs names no digest."""
    named = [(command, str(Digest(found[1]))) for command, path in block if (found := _BLOB.search(path))]
    models = [digest for command, digest in named if command == "FROM"]
    adapters = tuple(digest for command, digest in named if command == "ADAPTER")
    parts: dict[str, Fact] = {"projectors": tuple(models[1:]), "adapters": adapters}
    return {**({"weights": models[0]} if models else {}), **{path: value for path, value in parts.items() if value}}


def _template(rest: str, shown: str) -> str:
    """Return the template that was declared or derived when the model was made.

    Nothing is escaped in a modelfile, so it cannot be parsed in general; but it can be told
    whether it says what `template` says, and only where it does not must it be read.
    """
    if rest.startswith(f"TEMPLATE {_quoted(shown)}\n") or not rest.startswith("TEMPLATE "):
        return shown
    return _unquoted_argument(rest.removeprefix("TEMPLATE "))


def _quoted(text: str) -> str:
    """Return a text as a modelfile holds it: in quotes only where it must be, in three where it has one itself."""
    if "\n" not in text and not text.startswith(" ") and not text.endswith(" "):
        return text
    return f'"""{text}"""' if '"' in text else f'"{text}"'


def _unquoted_argument(rest: str) -> str:
    for mark in ('"""', '"'):
        inner = rest[len(mark) : rest.find(f"{mark}\n", len(mark))]
        if rest.startswith(f"{mark}{inner}{mark}\n") and _quoted(inner) == f"{mark}{inner}{mark}":
            return inner
    return rest.partition("\n")[0]


def _rendering(rest: str, template: str, system: str) -> Iterator[tuple[str, str]]:
    """Yield renderer and parser; the texts in front of them are known, so nothing inside those is taken for a line."""
    for command, text in (("TEMPLATE", template), ("SYSTEM", system)):
        rest = rest.removeprefix(f"{command} {_quoted(text)}\n")
    for command in ("RENDERER", "PARSER"):
        line, _, after = rest.partition("\n")
        if line.startswith(f"{command} "):
            yield command.lower(), line.removeprefix(f"{command} ")
            rest = after


def _messages(value: object) -> Iterator[Fact]:
    for message in value if isinstance(value, list) else ():
        if isinstance(message, dict):
            yield (str(message.get("role", "")), str(message.get("content", "")))


def _parameters(text: str) -> dict[str, Fact]:
    values: dict[str, list[Fact]] = {}
    for line in text.split("\n"):
        name, _, printed = line.partition(" ")
        if name:
            values.setdefault(name, []).append(_value(printed.strip(" ")))
    return {
        f"parameters.{name}": tuple(items) if len(items) > 1 or name == "stop" else items[0]
        for name, items in values.items()
    }


def _value(printed: str) -> Fact:
    """Return a value from Go's `%#v`; what is neither text, number, bool nor nil stays as it is printed."""
    if len(printed) > 1 and printed[0] == printed[-1] == '"':
        return unquoted(printed[1:-1])
    if printed in _CONSTANTS:
        return _CONSTANTS[printed]
    try:
        return freeze(json.loads(printed))
    except (ValueError, TypeError, RecursionError):
        return printed


def unquoted(text: str) -> str:
    """Return the text inside a string literal of Go's."""
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    named, *codes = found.groups()
    if named is not None:
        return _NAMED_ESCAPES.get(named, named)
    code = int(next(code for code in codes if code), 16)
    return chr(code) if code <= sys.maxunicode else found[0]
