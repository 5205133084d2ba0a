"""The answer of `check`, as text and as JSON: the verdict first, then what was found, then what to write."""

import json
import re
from collections.abc import Iterator

from reconciler.core.compatibility import Outcome, Verdict
from reconciler.core.declaration import Entry, declaration
from reconciler.core.found import Format, Found, Variant
from reconciler.report.fold import Whole, laid_out
from reconciler.report.json_report import FORMAT_VERSION
from reconciler.report.paint import Colour, Paint
from reconciler.report.text import aligned, counted, human_bytes, safe

_WORDS = {
    Outcome.WORKS: ("works", Colour.GREEN),
    Outcome.WORKS_WITH: ("works with", Colour.YELLOW),
    Outcome.DOES_NOT: ("does not work:", Colour.RED),
    Outcome.UNKNOWN: ("could not be found out:", Colour.RED),
}
_FORMATS = {Format.GGUF: "GGUF", Format.SAFETENSORS: "safetensors", Format.PICKLE: "pickle", Format.NONE: ""}
_WIDEST = 48  # columns that one cell may claim from its whole column
_HEAD = ("", "QUANTISATION", "SIZE", "FILE", "")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(?:[/:][A-Za-z0-9_.-]+)*|\./[A-Za-z0-9_./-]+")  # YAML that needs no quotes
_READ_AS_OTHER = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def check_text(found: Found, verdict: Verdict, *, colour: bool, columns: int = 0) -> str:
    """Return the verdict and all that it rests on."""
    words, paint = _WORDS[verdict.outcome], Paint(colour)
    message = "" if verdict.outcome is Outcome.WORKS else f" {verdict.message}"
    return laid_out(
        (
            paint(words[1], safe(f"{found.asked}  {words[0]}{message}")),
            *(safe(f"  hint: {text}") for text in verdict.advice),
            *_section(_facts(found)),
            *_section(_variants(found, verdict, paint)),
            *_section(_alternatives(found)),
            *_section(_manifest(found, verdict)),
        ),
        columns,
    )


def check_json(found: Found, verdict: Verdict) -> str:
    """Return the same for machines, as `schemas/report.schema.json` describes it."""
    chosen = found.chosen if verdict.declarable else None
    told = {
        "format_version": FORMAT_VERSION,
        "report": "check",
        "source": found.asked,
        "verdict": verdict.outcome.value,
        "message": verdict.message,
        "advice": list(verdict.advice),
        "format": found.format.value,
        **_known(
            holds=found.holds if found.format is not Format.NONE else "",
            architecture=found.architecture,
            parameters=found.parameters,
            context_length=found.context_length,
            quantization=found.quantization,
            size=found.size,
            license=found.license,
            access=found.access,
        ),
        "variants": [_variant(item, chosen) for item in found.variants],
        "projectors": list(found.projectors),
        "alternatives": [
            {"repo": item.repo, "downloads": item.downloads, "derived": item.derived} for item in found.alternatives
        ],
        **_known(manifest=yaml_text(declaration(found)) if verdict.declarable else ""),
    }
    return json.dumps(told, indent=2) + "\n"


def yaml_text(entry: Entry, indent: str = "") -> str:
    """Return a document as YAML; every text that YAML could read as something else is quoted."""
    lines = []
    for key, value in entry:
        if isinstance(value, tuple):
            lines.append(f"{indent}{key}:\n{yaml_text(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {_scalar(value)}\n")
    return "".join(lines)


def _scalar(value: str | bool) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _READ_AS_OTHER:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return '"' + "".join(_quoted(mark) for mark in value) + '"'


def _quoted(mark: str) -> str:
    """Return a letter as it stands in YAML's double quotes; JSON's escapes are others beyond U+FFFF."""
    if mark.isprintable():
        return f"\\{mark}" if mark in '"\\' else mark
    return f"\\u{ord(mark):04x}" if ord(mark) < 0x10000 else f"\\U{ord(mark):08x}"


def _known(**values: str | int) -> dict[str, object]:
    """Return what is known: empty and 0 mean that it is not."""
    return {key: value for key, value in values.items() if value}


def _variant(item: Variant, chosen: Variant | None) -> dict[str, object]:
    told = {"file": item.name, **_known(quantization=item.quantization), "size": item.size, "parts": item.parts}
    return {**told, "recommended": item == chosen, **_known(obstacle=item.obstacle)}


def _section(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines after an empty one, or nothing where there are none."""
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
        yield line


def _facts(found: Found) -> Iterator[str]:
    what = found.holds if found.format is not Format.NONE else ""
    pairs = (
        ("format", ", ".join(filter(None, (_FORMATS[found.format], what)))),
        ("architecture", found.architecture),
        ("parameters", _parameters(found.parameters) if found.parameters else ""),
        ("context", f"{found.context_length} tokens" if found.context_length else ""),
        ("quantisation", found.quantization),
        ("size", _size(found) if found.size else ""),
        ("licence", found.license),
        ("access", found.access or ("" if found.type == "gguf" else "open")),
    )
    for row in aligned(((label, safe(value)) for label, value in pairs if value), (_WIDEST,)):
        yield f"  {'  '.join(row)}"


def _size(found: Found) -> str:
    """Return how large it is, and in how many parts."""
    parts = f" in {found.chosen.parts} parts" if found.chosen is not None and found.chosen.parts > 1 else ""
    return f"{human_bytes(found.size)}{parts}"


def _parameters(count: int) -> str:
    """Return a number of parameters as people say it."""
    for size, unit in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return str(count)


def _variants(found: Found, verdict: Verdict, paint: Paint) -> Iterator[str]:
    if len(found.variants) < 2:
        return
    chosen = found.chosen if verdict.declarable else None
    rows = [_row(item, chosen) for item in found.variants]
    for item, row in zip((None, *found.variants), aligned((_HEAD, *rows), (_WIDEST,) * 4), strict=True):
        best = item is not None and item == chosen
        yield paint(Colour.GREEN if best else Colour.NONE, f"  {'  '.join(row)}".rstrip())


def _row(item: Variant, chosen: Variant | None) -> tuple[str, ...]:
    best = item == chosen
    note = "recommended" if best else item.obstacle
    return "*" if best else "", safe(item.quantization or "?"), human_bytes(item.size), safe(item.name), safe(note)


def _alternatives(found: Found) -> Iterator[str]:
    if found.alternatives:
        yield "What would work, found on the hub:"
    for item in found.alternatives:
        made = ", made from it" if item.derived else ""
        yield safe(f"  hf:{item.repo}  ({counted(item.downloads, 'download')}{made})")


def _manifest(found: Found, verdict: Verdict) -> Iterator[str]:
    if verdict.declarable:
        yield "In a manifest:"
        yield ""
        yield from (Whole(f"  {safe(line)}") for line in yaml_text(declaration(found)).splitlines())
