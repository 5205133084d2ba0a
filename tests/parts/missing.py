"""What becomes of a test whose real part is not on this machine."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from reconciler.registry.processes import Kernel
from tests.parts.debian import found

needs_kernel = pytest.mark.skipif(Kernel().own() is None, reason="nothing can be told of processes here")

PARTS = Path(__file__).resolve().parents[2] / ".parts"


def without(reason: str) -> NoReturn:
    """Skip where a part is missing; fail where all of them must be there."""
    if os.environ.get("CI") or os.environ.get("RECONCILER_REQUIRE_PARTS"):
        pytest.fail(f"{reason} (`make parts` says why)", pytrace=False)
    pytest.skip(reason)


def program(name: str, part: str) -> list[str]:
    """Return the command that runs a program of this machine, or of a part; without it, see `without`."""
    return found(name, PARTS / part) or without(f"no {name}, neither installed nor in .parts/{part}")
