"""The command line as a user meets it: words in, streams and an exit status out."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from reconciler.cli import run


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str


def command(capsys: pytest.CaptureFixture[str], words: Iterable[object]) -> Result:
    """Run a command in this process and return what it printed and its exit status."""
    capsys.readouterr()
    status = run([str(word) for word in words])
    return Result(status, *capsys.readouterr())
