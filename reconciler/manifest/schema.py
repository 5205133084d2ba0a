"""The schemas: where they are, what is published, and a document judged by the one of its kind.

The files in `schemas/` refer to each other, so that editors can use them in place. Here the
references are written out: one schema a kind, which stands alone, and which is compiled once.
Importing this module does not import jsonschema (120 ms); judging the first document does.
"""

import json
import posixpath
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from reconciler.core.diagnostics import Diagnostic
from reconciler.manifest.folder import Folder
from reconciler.manifest.formats import FORMATS
from reconciler.manifest.quick import Quick
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.schema_words import translate
from reconciler.manifest.tree import Json, Node
from reconciler.ourselves import schemas

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

REPORT = "report"  # the schema of what commands print for machines
_ANY = "manifest"  # the schema of any document

Schema = dict[str, Json]


@cache
def kinds() -> tuple[str, ...]:
    """Return every kind of document."""
    return tuple(cast("list[str]", _read(f"{_ANY}.schema.json", "/properties/kind/enum")))


def published(kind: str | None = None) -> str:
    """Return the JSON Schema of a kind, of reports, or of any document, as text that needs no other file."""
    schema = _file(f"{REPORT}.schema.json") if kind == REPORT else _schema(kind)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def judge(document: Node, home: Folder, schema: str = "") -> tuple[Diagnostic, ...]:
    """Return every finding about one document; `home` is its folder.

    It is judged by the schema of its kind, or by the one that is named.
    """
    if not isinstance(document.value, dict):
        hint = "it begins with 'apiVersion: reconciler/v1' and 'kind:'"
        return (finding(document.location, Rule.WRONG_TYPE, "a manifest is a mapping", hint),)
    given = document.value.get("kind")
    kind = schema or (given if isinstance(given, str) and given in kinds() else None)
    quick = _quick(kind)
    if quick is not None and quick.passes(document.value, home):
        return ()
    here = _validator(kind).evolve(format_checker=_Formats(home))
    return tuple(found for error in here.iter_errors(document.value) for found in translate(error, document))


class _Formats:
    """What jsonschema asks about formats, for the documents of one folder."""

    def __init__(self, home: Folder) -> None:
        self._home = home

    def check(self, instance: object, format: str) -> None:
        """Raise jsonschema's FormatError for a text that has not this format."""
        try:
            if isinstance(instance, str):
                FORMATS[format](instance, self._home)
        except ValueError as reason:
            from jsonschema.exceptions import FormatError

            raise FormatError(str(reason), cause=reason) from reason


@cache
def _quick(kind: str | None) -> Quick | None:
    """Return the compiled schema that is asked first, once per process; None where it can't be had."""
    try:
        return Quick(_schema(kind))
    except ImportError:
        return None


@cache
def _validator(kind: str | None) -> "Validator":
    """Return the compiled schema, once per process."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_schema(kind))


@cache
def _schema(kind: str | None) -> Schema:
    return cast("Schema", _written_out(f"{(kind or _ANY).lower()}.schema.json"))


def _written_out(reference: str) -> Json:
    """Return what a reference leads to, with every reference inside it replaced by what that leads to."""
    file, _, pointer = reference.partition("#")
    return _expand(_read(file, pointer), file)


def _expand(value: Json, file: str) -> Json:
    """Replace references, which are relative to `file`; our schemas never refer to themselves."""
    if isinstance(value, list):
        return [_expand(item, file) for item in value]
    if not isinstance(value, dict):
        return value
    target = value.get("$ref")
    if isinstance(target, str):
        path, _, pointer = target.partition("#")
        other = posixpath.normpath(posixpath.join(posixpath.dirname(file), path)) if path else file
        inner = cast("Schema", _written_out(f"{other}#{pointer}"))
        return {key: item for key, item in inner.items() if key != "$schema"}
    return {key: _expand(item, file) for key, item in value.items()}


def _read(file: str, pointer: str) -> Json:
    value = _file(file)
    for step in pointer.split("/")[1:]:
        value = cast("Mapping[str, Json]", value)[step]
    return value


@cache
def _file(file: str) -> Json:
    return cast("Json", json.loads(Path(schemas(), file).read_text(encoding="utf-8")))
