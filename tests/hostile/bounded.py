"""A command in a process of its own, with so much memory, so much CPU and so much patience, and no more."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MEMORY = 1 << 30  # bytes of address space; a plain `validate` takes about 60 MB
CPU = 60  # seconds
PATIENCE = 120  # seconds
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    status: int
    out: str
    err: str

    @property
    def traceback(self) -> bool:
        """Tell whether it ended by a bug, a lack of memory included."""
        return "Traceback" in self.err or self.status < 0


def bounded(*words: object, cwd: Path, environ: dict[str, str] | None = None) -> Ended:
    """Run `python <words>` within the bounds; a process that takes longer fails the test."""
    limits = f'ulimit -v {MEMORY // 1024}; ulimit -t {CPU}; ulimit -c 0; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", limits, "sh", sys.executable, *(str(word) for word in words)],
        cwd=cwd,
        env={**os.environ, **(environ or {}), "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def validated(folder: Path) -> Ended:
    """Run `reconciler validate` on a folder within the bounds."""
    return bounded("-m", "reconciler", "validate", folder, cwd=folder)
