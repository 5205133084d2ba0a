"""Files that commands write for people to keep: only new ones, all of them or none."""

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import SettingsError


def write_new(files: Mapping[Path, str]) -> None:
    """Write files that are not there yet, and the folders around them.

    Raises SettingsError, having written none of them, where one is there already or can't be written.
    """
    for path in files:
        if os.path.lexists(path):
            raise _there(path)
    written: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as stream:
                written.append(path)
                stream.write(text)
    except OSError as error:
        _remove(written)
        if path not in written and isinstance(error, FileExistsError) and path.parent.is_dir():
            raise _there(path) from error  # somebody else was faster
        raise SettingsError.unwritten("it can't be written", error, path) from error
    except BaseException:
        _remove(written)
        raise


def _there(path: Path) -> SettingsError:
    hint = "move it away, or choose another place"
    return SettingsError("it is there already, and nothing was written", hint=hint, where=str(path))


def _remove(written: list[Path]) -> None:
    for path in written:
        path.unlink(missing_ok=True)
