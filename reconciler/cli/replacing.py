"""Small files that other programs read while we write them: each is there as a whole, or as it was."""

import os
from pathlib import Path

from reconciler.errors import SettingsError
from reconciler.manifest.files import replace

_MODE = 0o644


def replace_file(path: Path, text: str) -> None:
    """Write a file that whoever collects it can read, another user as well; raises OSError."""
    replace(path, text, mode=_MODE)


def must_be_writable(path: Path | None, option: str) -> None:
    """Raise SettingsError if the folder of a file that is to be written later can't take it."""
    if path is None:
        return
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise SettingsError(f"{option}: there is no such folder", hint="make it first", where=str(path))
    if path.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"{option}: a file can't be written there", where=str(path))


def text_of(path: Path) -> str:
    """Return what a file of ours held before; of one that can't be read, nothing."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
