"""Small files that other programs read while we write them: each is there as a whole, or as it was."""

import os
import secrets
from pathlib import Path

from reconciler.errors import SettingsError

_MODE = 0o644  # whoever collects them is another user


def replace_file(path: Path, text: str) -> None:
    """Write the text beside the file and give it the name, readable for all; raises OSError.

    What is there and no file, such as a pipe or /dev/null, is written into and stays what it is.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("x", encoding="utf-8") as stream:
            stream.write(text)
        beside.chmod(_MODE)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


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
