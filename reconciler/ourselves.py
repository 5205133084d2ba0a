"""Which reconciler this is: of two that could answer differently, what is kept for one is no answer of the other."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache

from reconciler import __version__

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def schemas() -> str:
    """Return the folder of the schema files: beside the package in a checkout, inside it when installed."""
    installed = f"{_PACKAGE}/_schemas"
    return installed if os.path.isdir(installed) else f"{os.path.dirname(_PACKAGE)}/schemas"


@cache
def fingerprint() -> str:
    """Return what tells us from every other version, one in the making too; raises OSError."""
    parts = [__version__, sys.version, *_files(_PACKAGE), *_files(schemas())]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _files(top: str) -> Iterator[str]:
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            found = os.stat(f"{folder}/{name}")
            yield f"{folder}/{name} {found.st_size} {found.st_mtime_ns}"
