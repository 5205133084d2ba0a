"""What jsonschema found, as findings in plain words at the exact place."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.frozen import dataclass
from reconciler.manifest.formats import SECRET
from reconciler.manifest.rules import IGNORED, Rule, finding, nearest
from reconciler.manifest.tree import Json, Node

if TYPE_CHECKING:
    from jsonschema import ValidationError

_TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_RULES = {"'apiVersion'": Rule.UNKNOWN_API_VERSION, "'kind'": Rule.UNKNOWN_KIND}


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error of the library, with what we need of it in types that we know."""

    keyword: str
    schema: Mapping[str, Json]
    node: Node
    subject: str  # the value's name, for a message
    wanted: tuple[str, ...]  # the keyword's own value: types, values or keys; empty where it is a number
    key: str  # the key that is missing, or that has not the right form; empty otherwise
    reason: BaseException | None  # why a format does not fit; absent for other keywords

    @property
    def properties(self) -> Mapping[str, Json]:
        """Return the schemas of the keys that are known here."""
        return cast("Mapping[str, Json]", self.schema.get("properties", {}))

    @property
    def example(self) -> str:
        """Return the schema's example as a hint, or an empty text."""
        examples = self.schema.get("examples")
        return f"for example: {examples[0]}" if isinstance(examples, list) else ""


def translate(error: "ValidationError", document: Node) -> tuple[Diagnostic, ...]:
    """Return the findings that one error of the library stands for."""
    failure = _failure(error, document)
    return tuple(_WORDS.get(failure.keyword, _unfit)(failure))


def _failure(error: "ValidationError", document: Node) -> _Failure:
    path = tuple(error.absolute_path)
    schema = cast("Mapping[str, Json]", error.schema)
    value = schema[str(error.validator)]
    if isinstance(value, dict):
        value = value.get("required")
    wanted = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    texts = tuple(str(item) for item in wanted)
    key = next((item for item in texts if error.message.startswith(f"{item!r} is a required")), "")
    key = str(error.instance) if "propertyNames" in error.absolute_schema_path else key
    return _Failure(str(error.validator), schema, document.at(path), _subject(path), texts, key, error.cause)


def _unknown_keys(failure: _Failure) -> Iterator[Diagnostic]:
    known = sorted(failure.properties)
    for key, where in failure.node.keys.items():
        if key not in known:
            near = nearest(key, known)
            guess = f"; did you mean {near!r}?" if near else ""
            hint = "" if near else f"known here: {', '.join(known)}"
            yield finding(where, Rule.UNKNOWN_KEY, f"unknown key {key!r}{guess}", hint)


def _missing_key(failure: _Failure) -> Iterator[Diagnostic]:
    described = cast("Mapping[str, Json]", failure.properties[failure.key]).get("description", "")
    message = f"{failure.subject} lacks the key {failure.key!r}"
    yield finding(failure.node.location, Rule.MISSING_KEY, message, str(described))


def _wrong_type(failure: _Failure) -> Iterator[Diagnostic]:
    node, wanted = failure.node, failure.wanted
    expected = " or ".join(_TYPES[name] for name in wanted)
    shown = node.raw if failure.schema.get("format") not in SECRET and wanted != ("object",) else ""
    hint = f'quote it: "{shown}"' if "string" in wanted and shown else failure.example
    message = f"{failure.subject} must be {expected}, not {shown or _sort(node.value)}"
    yield finding(node.location, Rule.WRONG_TYPE, message, hint)


def _wrong_value(failure: _Failure) -> Iterator[Diagnostic]:
    node = failure.node
    given = repr(node.value) if isinstance(node.value, str) else node.raw or _sort(node.value)
    near = nearest(node.value, list(failure.wanted)) if isinstance(node.value, str) else ""
    message = f"{failure.subject} must be {' or '.join(failure.wanted)}, not {given}"
    rule = _RULES.get(failure.subject, Rule.WRONG_VALUE)
    other = f"a YAML file that is no manifest begins with '{IGNORED}'" if rule is Rule.UNKNOWN_API_VERSION else ""
    yield finding(node.location, rule, message, f"did you mean {near!r}?" if near else other)


def _exclusive(failure: _Failure) -> Iterator[Diagnostic]:
    """Yield one finding, unless the keys that are too many are unknown ones, which have theirs already."""
    allowed = failure.wanted or tuple(failure.properties)
    given = [key for key in failure.node.keys if key in allowed]
    if len(given) > 1:
        message = f"{' and '.join(repr(key) for key in given)} exclude each other"
        yield finding(failure.node.keys[given[-1]], Rule.EXCLUSIVE_KEYS, message, "keep one of them")


def _wrong_format(failure: _Failure) -> Iterator[Diagnostic]:
    words = failure.reason.args if failure.reason is not None else ()
    message, hint = (*words, failure.example)[:2]
    rule = Rule(f"invalid-{failure.wanted[0]}")
    yield finding(failure.node.location, rule, f"{failure.subject}: {message}", hint)


def _empty(failure: _Failure) -> Iterator[Diagnostic]:
    known = ", ".join(sorted(failure.properties))
    hint = f"known here: {known}" if known else "leave the key out if there is nothing to say"
    yield finding(failure.node.location, Rule.EMPTY, f"{failure.subject} is empty", hint)


def _unfit(failure: _Failure) -> Iterator[Diagnostic]:
    """Tell of a value, or of a key, that has not the form which the schema's title describes."""
    where = failure.node.keys[failure.key] if failure.key else failure.node.location
    subject = f"the key {failure.key!r}" if failure.key else failure.subject
    yield finding(where, Rule.WRONG_VALUE, f"{subject} must be {failure.schema['title']}", failure.example)


def _subject(path: tuple[str | int, ...]) -> str:
    match path:
        case (*_, str(key)):
            return repr(key)
        case (*_, str(key), int(index)):
            return f"item {index + 1} of {key!r}"
        case _:
            return "the manifest"


def _sort(value: Json) -> str:
    """Name the sort of a value without showing it: it could be a secret."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


_WORDS: Mapping[str, Callable[[_Failure], Iterator[Diagnostic]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "type": _wrong_type,
    "enum": _wrong_value,
    "const": _wrong_value,
    "not": _exclusive,
    "maxProperties": _exclusive,
    "format": _wrong_format,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
}
