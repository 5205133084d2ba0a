"""A folder on this machine: what lies in it and one level below, and nothing that lies elsewhere."""

import os
from pathlib import Path

from reconciler.errors import NotFound, Unusable
from reconciler.sources._files.listed import ListedFile

_MOST_FILES = 10_000  # of one folder


def files_of(folder: Path) -> list[ListedFile]:
    """Return the files of a folder and of its folders, by relative names; raises ResolutionError, OSError."""
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", hint="the path is relative to the manifest's folder")
    files: list[ListedFile] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        inner = os.scandir(entry.path) if entry.is_dir() else [entry]
        for item in inner:
            if item.is_file():
                name = item.name if item is entry else f"{entry.name}/{item.name}"
                files.append(ListedFile(name, item.stat().st_size, None))
            if len(files) > _MOST_FILES:
                raise Unusable(f"{folder} holds more than {_MOST_FILES} files", hint="name the folder of one model")
    return files


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder, itself a real path; raises Unusable for a link that leads out of it."""
    path = Path(os.path.realpath(folder / name))
    if not path.is_relative_to(folder):
        raise Unusable(f"{name} is a link that leads out of {folder.name}", hint="put the file itself into the folder")
    return path
