"""The cache on disk: one small JSON file per key. Losing it, or a part of it, costs time and nothing else."""

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from reconciler.core.facts import Fact, freeze


class FileCache:
    """A `ports.Cache` in a folder; one that cannot be read or written is an empty cache."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Fact:
        """Return what was kept under `key`, lists as tuples; None where nothing, or nothing readable, is there."""
        try:
            kept = json.loads(self._path(key).read_bytes())
            return freeze(kept["value"]) if isinstance(kept, dict) and kept.get("key") == key else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def put(self, key: str, value: Fact) -> None:
        """Keep `value`, replacing the file in one move, so that no reader ever sees half of it."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".new")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump({"key": key, "value": value}, file)
                Path(name).replace(self._path(key))
            except OSError:
                Path(name).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
