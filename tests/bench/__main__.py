"""`python -m tests.bench [PART…] [--json FILE]`: us and what people do today, side by side, in one run.

It reports and judges nothing: the machine may be slow, noisy or busy, so only the ratios mean anything.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench.documents import documents
from tests.bench.imports import imports
from tests.bench.measure import Row
from tests.bench.noop import noop
from tests.bench.relaying import relaying
from tests.bench.scene import scene
from tests.bench.starting import starting

PARTS = {part.__name__: part for part in (starting, documents, noop, imports, relaying)}


def main(words: list[str]) -> None:
    """Run the parts that are named, or all, and print the table."""
    parser = argparse.ArgumentParser(prog="make bench", description="Medians and ratios, us against what people do.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    asked = parser.parse_args(words)
    rows: list[Row] = []
    print(_machine())
    print("| # | measured | ours | against | theirs | ratio | goal |", "|---|---|--:|---|--:|--:|---|", sep="\n")
    for name in asked.parts or PARTS:
        with scene() as here:
            for row in PARTS[name](here):
                print(line(row), flush=True)
                rows.append(row)
    if asked.json is not None:
        figures = [{**asdict(row), "ratio": row.ratio} for row in rows]
        asked.json.write_text(json.dumps({"machine": _machine(), "rows": figures}, indent=2) + "\n")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}\n"


def line(row: Row) -> str:
    """Return a row of the table, in Markdown."""
    mark = "" if row.reached else " (not reached)"
    ours, theirs = (_amount(value, row.unit) for value in (row.ours, row.theirs))
    ratio = f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"1/{1 / row.ratio:.0f}" if row.ratio else "0"
    return f"| {row.number} | {row.measured} | {ours} | {row.against} | {theirs} | {ratio} | {row.goal}{mark} |"


def _amount(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:g}"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


if __name__ == "__main__":
    main(sys.argv[1:])
