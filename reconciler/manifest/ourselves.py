"""What this reconciler reads manifests by: the files of its schemas, and a fingerprint of all that could matter."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from reconciler import __version__

_PACKAGE = Path(__file__).parent.parent


def schemas() -> Path:
    """Return the folder of the schema files: beside the package in a checkout, inside it when installed."""
    installed = _PACKAGE / "_schemas"
    return installed if installed.is_dir() else _PACKAGE.parent / "schemas"


@cache
def fingerprint() -> str:
    """Return what tells us from every other version, one in the making too; raises OSError."""
    folders = (_PACKAGE / "core", _PACKAGE / "manifest", schemas(), schemas() / "sources")
    parts = [__version__, sys.version, *(line for folder in folders for line in _files(str(folder)))]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_file():
                found = entry.stat()
                yield f"{entry.path} {found.st_size} {found.st_mtime_ns}"
