"""Findings about manifests for machines, as `schemas/report.schema.json` describes them."""

from collections.abc import Iterable

from reconciler.core.diagnostics import Diagnostic
from reconciler.report.json_parts import report


def findings_json(findings: Iterable[object]) -> str:
    """Return findings in their order; a line and a column are left out where the file as a whole is meant."""
    found = [_finding(item) for item in findings if isinstance(item, Diagnostic)]
    return report("findings", {"findings": found})


def _finding(item: Diagnostic) -> dict[str, object]:
    place = {"line": item.location.line, "column": item.location.column} if item.location.line else {}
    told = {"severity": item.severity.value, "code": item.code, "message": item.message}
    return {"file": item.location.file, **place, **told, **({"hint": item.hint} if item.hint else {})}
