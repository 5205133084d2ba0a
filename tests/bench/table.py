"""The table of a run, in Markdown, and its place in README.md."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from tests.bench.measure import Row, amount

HEAD = "| # | measured | ours | against | theirs | ratio | goal |\n|---|---|--:|---|--:|--:|---|"
_BEGIN, _END = "<!-- bench: `make bench SAVE=1` writes this -->\n", "<!-- bench: end -->"


def line(row: Row) -> str:
    """Return a row of the table."""
    mark = "" if row.reached else " (not reached)"
    theirs = "–" if row.theirs is None else amount(row.theirs, row.unit)
    ours, against = amount(row.ours, row.unit), row.against or "–"
    return f"| {row.number} | {row.measured} | {ours} | {against} | {theirs} | {_ratio(row)} | {row.goal}{mark} |"


def _ratio(row: Row) -> str:
    ratio = row.ratio
    if ratio is None:
        return "–"
    if ratio < 1 / 1000:
        return "< 1/1000" if ratio else "0"
    return f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"


def figures(row: Row) -> dict[str, Any]:
    """Return a row as it is kept in JSON."""
    return {**asdict(row), "ratio": row.ratio}


def rows(document: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a run that was kept in JSON."""
    names = {field.name for field in fields(Row)}
    return [Row(**{name: value for name, value in kept.items() if name in names}) for kept in document["rows"]]


def table(found: Iterable[Row]) -> str:
    """Return the table, its rows in the order of the figures' numbers."""
    return "\n".join([HEAD, *map(line, sorted(found, key=lambda row: int(row.number)))]) + "\n"


def about(document: Mapping[str, Any]) -> str:
    """Return one sentence about where and when a run was made."""
    machine = document["machine"]
    return (
        f"{document['date']}, on {machine['cores']} cores of {machine['cpu']}, {machine['system']},"
        f" Python {machine['python']}, Ollama {machine['ollama']}."
    )


def section(document: Mapping[str, Any]) -> str:
    """Return what README.md shows of a run."""
    left_out = "".join(f"\n{part}: {why}.\n" for part, why in document["left_out"].items())
    return f"{about(document)}\n\n{table(rows(document))}{left_out}"


def with_section(readme: str, document: Mapping[str, Any]) -> str:
    """Return README.md with this run in its place; raises ValueError where it has none."""
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("README.md has no place for the table")
    return f"{before}{begin}{section(document)}{end}{after}"
