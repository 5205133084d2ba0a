"""Locks for tests: pins as sources give them, and every finding about a text."""

from pathlib import Path

import pytest

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resource import SourceRef
from reconciler.errors import ManifestError
from reconciler.manifest.lockfile import NAME, LockFile, read

TYPES = ("gguf", "huggingface", "ollama")
ZEROS = "0" * 64


def pin(**values: Fact) -> Facts:
    """Return what a source could have given; `size` in bytes."""
    return facts({"sha256": ZEROS, "size": 1, **values})


def one(folder: Path) -> LockFile:
    """Return the lock of a folder, which must be sound."""
    (found,) = read([folder], TYPES)
    return found


def findings(*paths: Path) -> tuple[Diagnostic, ...]:
    """Return everything that is found; locks without findings are a failure."""
    with pytest.raises(ManifestError) as caught:
        read(paths, TYPES)
    return tuple(item for item in caught.value.diagnostics if isinstance(item, Diagnostic))


def judged(folder: Path, text: str) -> list[tuple[str, str]]:
    """Write a lock, and return (code, line:column) of everything that is found."""
    (folder / NAME).write_text(text)
    assert all(item.location.file == str(folder / NAME) for item in findings(folder))
    return [(item.code, str(item.location).removeprefix(str(folder / NAME))[1:]) for item in findings(folder)]


def ref(file: Path, type: str = "ollama", **options: Fact) -> SourceRef:
    """Return a reference that a manifest makes."""
    return SourceRef(type, facts(options), Location(str(file), 1, 1))
