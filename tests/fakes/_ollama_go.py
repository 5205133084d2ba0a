"""How a server written in Go prints values: the texts of `/api/show`, as seen on a real one."""

import json
import re
from decimal import Decimal
from typing import Any

_NAMED = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\", '"': '"'}
_SURROGATE = re.compile("[\ud800-\udfff]")


def decoded(value: object) -> object:
    """Return JSON data as Go decodes it: every number is a float, half a surrogate pair becomes U+FFFD."""
    if isinstance(value, dict):
        return {key: decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def marshalled(manifest: dict[str, Any]) -> bytes:
    """Return a hub manifest as Go writes it again: only the fields that it knows, in its order and with its escapes."""
    whole = {
        "schemaVersion": manifest.get("schemaVersion", 0),
        "mediaType": manifest.get("mediaType", ""),
        "config": _layer(manifest["config"]),
        "layers": [_layer(layer) for layer in manifest["layers"]],
    }
    text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
    return "".join(f"\\u{ord(char):04x}" if char in "<>&\u2028\u2029" else char for char in text).encode()


def _layer(layer: dict[str, Any]) -> dict[str, Any]:
    known = {key: layer[key] for key in ("mediaType", "digest", "size", "from") if key in layer}
    return {key: value for key, value in known.items() if key != "from" or value}


def quoted(text: str) -> str:
    """Return a string literal, as strconv.Quote writes it."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return f"\\{_NAMED[char]}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if char.isprintable():
        return char
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printed(value: object) -> str:
    """Return a value as `%#v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(printed(item) for item in value) + "}"
    assert isinstance(value, dict)
    inside = ", ".join(f"{quoted(key)}:{printed(item)}" for key, item in sorted(value.items()))
    return f"map[string]interface {{}}{{{inside}}}"


def _number(value: float) -> str:
    """Return a float in its shortest form, with an exponent from a million on and below 0.0001."""
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    exponent = Decimal(repr(value)).normalize().adjusted()
    if value and not -5 < exponent < 6:
        text = "".join(map(str, digits))
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{'-' * sign}{text[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return f"{Decimal(repr(value)).normalize():f}"


def argument(text: str) -> str:
    """Return a text as a modelfile holds it; nothing in it is escaped."""
    if "\n" not in text and not text.startswith(" ") and not text.endswith(" "):
        return text
    return f'"""{text}"""' if '"' in text else f'"{text}"'
