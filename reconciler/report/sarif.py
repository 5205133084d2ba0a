"""Findings about manifests as SARIF 2.1.0, which code scanning shows beside the lines of a pull request. Pure."""

import posixpath
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from reconciler import __version__
from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.report.json_parts import Json, text
from reconciler.report.text import safe

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"  # what viewers take for the folder of the sources


def findings_sarif(findings: Iterable[object], root: str) -> str:
    """Return findings in their order; files below `root`, an absolute path, are told by their path from there."""
    found = [item for item in findings if isinstance(item, Diagnostic)]
    codes = list(dict.fromkeys(item.code for item in found))
    rules = [_rule(code, [item for item in found if item.code == code]) for code in codes]
    run = {
        "tool": {"driver": {"name": "reconciler", "semanticVersion": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, codes.index(item.code), root) for item in found],
    }
    return text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, found: Sequence[Diagnostic]) -> Json:
    """Return a rule; what to do about it is what its findings say."""
    words = code.split("-")
    name = " ".join(words).capitalize()
    hints = dict.fromkeys(_plain(item.hint) for item in found if item.hint)
    return {
        "id": code,
        "name": "".join(map(str.capitalize, words)),
        "shortDescription": {"text": f"{name}."},
        "fullDescription": {"text": f"{name}: a finding of `reconciler validate` about a manifest."},
        "defaultConfiguration": {"level": found[0].severity.value},
        "help": {"text": "\n".join(hints) or "The message of each finding says what is wrong."},
    }


def _result(item: Diagnostic, rule: int, root: str) -> Json:
    hint = f" ({item.hint})" if item.hint else ""
    return {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": item.severity.value,
        "message": {"text": _plain(f"{item.message}{hint}")},
        "locations": [{"physicalLocation": _place(item.location, root)}],
    }


def _place(location: Location, root: str) -> Json:
    """Return a place; one in no line is told as the first line, for code scanning shows nothing without one."""
    column = {"startColumn": location.column} if location.column else {}
    return {"artifactLocation": _file(location.file, root), "region": {"startLine": location.line or 1, **column}}


def _file(file: str, root: str) -> Json:
    path = posixpath.normpath(posixpath.join(root, file))
    below = posixpath.relpath(path, root)
    if below.startswith("../"):
        return {"uri": f"file://{_quoted(path)}"}
    return {"uri": _quoted(below), "uriBaseId": _ROOT}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _plain(message: str) -> str:
    """Return a message as plain text: brackets before parentheses would be a link."""
    return safe(message).replace("](", "] (")
