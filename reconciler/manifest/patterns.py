"""Patterns for files: `*`, `?` and `[…]` inside a name, `**` for any number of folders.

pathlib's own would follow links out of the folder, and two links that form a circle for ever.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase

MAX_PARTS = 32
MAX_LENGTH = 1024  # characters

_ANY_FOLDERS = "**"

_Folders = Mapping[str, str]  # real path -> how the pattern reached it first, relative to where it began


def matching(folder: str, parts: Sequence[str]) -> list[str]:
    """Return the files that a pattern of these parts names in `folder` (a real path), relative to it, sorted.

    A folder that is reached in two ways is looked into once, and one that lies outside is named instead of
    looked into. Raises ValueError for a pattern that is longer than any needs to be.
    """
    if len(parts) > MAX_PARTS or sum(len(part) for part in parts) > MAX_LENGTH:
        raise ValueError(f"more than {MAX_PARTS} parts, or {MAX_LENGTH} characters")
    if any(_ANY_FOLDERS in part != _ANY_FOLDERS for part in parts):
        raise ValueError("'**' stands for whole folders only")
    found: set[str] = set()
    folders: _Folders = {folder: ""}
    *above, last = parts if parts[-1] != _ANY_FOLDERS else (*parts, "*")
    for part in above:
        reached = dict(_deeper(folders, part))
        inside = {real for real in reached if os.path.commonpath([real, folder]) == folder}
        found.update(name for real, name in reached.items() if real not in inside)
        folders = {real: name for real, name in reached.items() if real in inside}
    for real, name in folders.items():
        files = (entry.name for entry in _entries(real) if not _is_folder(entry))
        found.update(name + file for file in files if fnmatchcase(file, last))
    return sorted(found)


def _deeper(folders: _Folders, part: str) -> Iterator[tuple[str, str]]:
    """Yield the folders that one part of a pattern leads to."""
    if part == _ANY_FOLDERS:
        yield from _below(folders)
        return
    for real, name in folders.items():
        for entry in _entries(real):
            if _is_folder(entry) and fnmatchcase(entry.name, part):
                yield os.path.realpath(entry.path), f"{name}{entry.name}/"


def _below(folders: _Folders) -> Iterator[tuple[str, str]]:
    """Yield these folders and all that lie in them, links not followed."""
    waiting, seen = list(folders.items()), set[str]()
    for real, name in waiting:
        if real not in seen:
            seen.add(real)
            yield real, name
            inner = (entry for entry in _entries(real) if entry.is_dir(follow_symlinks=False))
            waiting += [(entry.path, f"{name}{entry.name}/") for entry in inner]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # a link to itself
        return entry.is_dir()
    return False


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder, sorted by name; nothing where it may not be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
