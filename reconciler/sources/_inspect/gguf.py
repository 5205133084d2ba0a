"""What a file or a folder on this machine is, told by names and headers."""

import os
from dataclasses import replace
from pathlib import Path

from reconciler.core.found import Format, Found
from reconciler.errors import NotFound, Unusable
from reconciler.sources import Context
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._files.local_folder import files_of
from reconciler.sources._formats.model_files import OTHERS, examined, gguf_examined
from reconciler.sources._formats.tensor_set import completed

_MOST_FILES = 10_000  # of one folder


def inspect(_context: Context, reference: str) -> Found:
    """Return what the path is; raises NotFound where there is nothing, Unusable where it can't be read."""
    path, start = Path(reference), Found(asked=reference, type="gguf", options=())
    try:
        if path.is_dir():
            found = examined(start, _files(path), lambda file: (path / file.path).open("rb"), lambda _: "")
            return _as_folder(found, path) if found.format is Format.SAFETENSORS else found
        if not path.is_file():
            raise NotFound(f"there is no file or folder {path}", hint="check the spelling")
        look = examined if path.suffix.lower() in OTHERS else gguf_examined  # a blob of a host has no suffix
        names = list(ListedFile(path.name, 0, None).part_paths) or [path.name]
        there = [path.with_name(name) for name in names if path.with_name(name).is_file()]
        files = [ListedFile(item.name, item.stat().st_size, None) for item in there]
        return look(start, files, lambda file: path.with_name(file.path).open("rb"), lambda _: "")
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}", hint="check its permissions") from error


def _as_folder(found: Found, folder: Path) -> Found:
    """Return what was found as what it is in a manifest: the folder itself, beside the manifest."""
    name = folder.resolve().name
    found = replace(found, type="safetensors", options=(("path", f"./{name}"),))
    return completed(found, name, files_of(folder), lambda file: (folder / file.path).open("rb"))


def _files(folder: Path) -> list[ListedFile]:
    files: list[ListedFile] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(files) == _MOST_FILES:
                raise Unusable(f"{folder} holds more than {_MOST_FILES} files", hint="name one of them")
            if entry.is_file():
                files.append(ListedFile(entry.name, entry.stat().st_size, None))
    return files
