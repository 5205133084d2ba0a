"""Unquoted YAML scalars: what JSON knows is taken, what only YAML would guess at is not.

YAML 1.1 reads `no` as false, `1:30` as 90 and `017` as 15, and YAML 1.2 reads some of them otherwise.
For tags and versions that is poison, so whatever either would not leave as text must be quoted.
"""

import math
import re

Scalar = None | bool | int | float | str

_JSON = {"null": None, "true": True, "false": False, "": None}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_GUESSES = (
    ("true or false", re.compile(r"(?i:yes|no|on|off|true|false|y|n)")),
    ("nothing", re.compile(r"~|(?i:null)")),
    ("a number", re.compile(r"[-+]?(0[xob][0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?)")),
    ("a number", re.compile(r"[-+]?\.([0-9][0-9_]*([eE][-+]?[0-9]+)?|(?i:inf|nan))")),
    ("a number in base 60", re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")),
    ("a date", re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?", re.DOTALL)),
    ("a default value", re.compile(r"=")),
)
_GUESSED = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern in _GUESSES), re.DOTALL)  # one of them
_LEADS = frozenset("0123456789+-.=~yYnNtTfFoO")


class Ambiguous(ValueError):
    """YAML would read this text as something that JSON does not know; the message says as what."""


def is_text(text: str) -> bool:
    """Tell whether the first letter says already that an unquoted scalar is text; most are."""
    return text != "" and text[0] not in _LEADS


def plain(text: str) -> Scalar:
    """Return what an unquoted scalar means, which is what it means in JSON; raises Ambiguous."""
    if is_text(text):
        return text
    if text in _JSON:
        return _JSON[text]
    if _NUMBER.fullmatch(text):
        return _number(text)
    if _GUESSED.fullmatch(text) is None:
        return text
    what = next(what for what, pattern in _GUESSES if pattern.fullmatch(text))
    raise Ambiguous(f"YAML could read this as {what}")


def _number(text: str) -> int | float:
    number = float(text)
    if not math.isfinite(number):
        raise Ambiguous("this number is too large")
    return int(text) if _INTEGER.fullmatch(text) else number
