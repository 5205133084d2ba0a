"""`python -m tests.bench [PART…] [--json FILE]`: us and what people do today, side by side, in one run.

It reports and judges nothing: the machine may be slow, noisy or busy, so only the ratios mean anything.
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.errors import ReconcilerError
from tests.bench.distant import distant
from tests.bench.documents import documents
from tests.bench.fetching import fetching
from tests.bench.fleet import fleet
from tests.bench.imports import imports
from tests.bench.measure import Row
from tests.bench.noop import noop
from tests.bench.relaying import relaying
from tests.bench.scene import Scene
from tests.bench.spreading import spreading
from tests.bench.starting import starting
from tests.bench.table import HEAD, about, figures, line, section, with_section
from tests.parts.ollama import REPOSITORY, find_server

_ALL = (starting, documents, noop, distant, fleet, imports, fetching, relaying, spreading)
PARTS: dict[str, Callable[[Scene], Iterable[Row]]] = {part.__name__: part for part in _ALL}
LAST = REPOSITORY / "tests" / "bench" / "last.json"
README = REPOSITORY / "README.md"


def main(words: list[str]) -> None:
    """Run the parts that are named, or all, print the table, and keep the figures where that was asked for."""
    asked = _asked(words)
    if asked.table is not None:
        print(section(json.loads(asked.table.read_text())), end="")
        return
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # servers end with us
    document = _run(asked.parts or list(PARTS))
    for file in filter(None, (asked.json, LAST if asked.save else None)):
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    if asked.save:
        README.write_text(with_section(README.read_text(), document))


def _run(parts: list[str]) -> dict[str, Any]:
    """Return what is kept of a run, told row by row."""
    left_out: dict[str, str] = {}
    document: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "machine": _machine()}
    print(f"{about(document)}\n\n{HEAD}")
    rows = []
    for name in parts:
        for row in _measured(name, left_out):
            print(line(row), flush=True)
            rows.append(row)
    return {**document, "rows": [figures(row) for row in rows], "left_out": left_out}


def _asked(words: list[str]) -> argparse.Namespace:
    parser = _parser()
    asked = parser.parse_args(words)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if asked.save and asked.parts:
        parser.error("README.md shows whole runs: name no parts")
    return asked


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description="Medians and ratios, us against what people do.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--table", type=Path, metavar="FILE", help="run nothing: print what such a file says")
    parser.add_argument("--save", action="store_true", help=f"put the figures into {LAST.name} and README.md")
    return parser


def _measured(name: str, left_out: dict[str, str]) -> Iterator[Row]:
    """Return the rows of one part; what it can't measure on this machine is said, and the other parts go on."""
    try:
        with Scene() as scene:
            yield from PARTS[name](scene)
    except (AssertionError, OSError, RuntimeError, subprocess.CalledProcessError, ReconcilerError) as error:
        said = getattr(error, "stderr", "") or str(error) or type(error).__name__
        left_out[name] = said.strip()
        print(f"{name} is left out: {said.strip()}", file=sys.stderr, flush=True)


def _machine() -> dict[str, object]:
    processor = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return {
        "cores": os.cpu_count(),
        "cpu": processor[1] if processor else platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "ollama": _ollama_version(),
    }


def _ollama_version() -> str:
    files = find_server()
    if files is None or not files.binary.exists():
        return "none"
    libraries = {"LD_LIBRARY_PATH": str(files.libraries)} if files.libraries else {}
    told = {"HOME": "/nonexistent", "OLLAMA_HOST": "127.0.0.1:1", **libraries}  # nobody listens: it tells its own
    said = subprocess.run([files.binary, "--version"], env=told, check=True, capture_output=True, text=True).stdout
    found = re.search(r"\d+\.\d+\.\d+\S*", said)
    return found[0] if found else "unknown"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("interrupted")
