"""The weights of a model as a pin, a blob and a record keep them: one file, or the parts of a split GGUF."""

from collections.abc import Callable

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.steps import Blob
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._files.pins import file_text, parsed_files, pinned_file

Place = Callable[[ListedFile], tuple[tuple[str, str], ...]]
"""Returns where a file is to be found: the locator of its blob."""


def pin_of(file: ListedFile, digest: Digest) -> dict[str, Fact]:
    """Return what a lock keeps of a file with this digest, or of its parts."""
    if not file.parts:
        return {"sha256": digest.hex, "size": file.size}
    texts = (file_text(part.path, part.digest, part.size) for part in file.parts if part.digest is not None)
    return {"files": tuple(texts), "sha256": digest.hex}


def record_of(file: ListedFile, digest: Digest) -> dict[str, Fact]:
    """Return what stays on record of a file with this digest, or of its parts."""
    parts: dict[str, Fact] = {"parts": len(file.parts)} if file.parts else {}
    return {"sha256": digest.hex, "size": file.size, **parts}


def files_of(pin: Facts, name: str) -> list[ListedFile]:
    """Return the file of a pin, which is called so, or its parts, which the pin names; none where it holds neither."""
    if found := pinned_file(pin):
        return [ListedFile(name, found[1], found[0])]
    return [ListedFile(path, size, digest) for path, digest, size in parsed_files(dict(pin).get("files"))]


def blob_of(file: ListedFile, digest: Digest, type: str, place: Place) -> Blob:
    """Return a file with this digest, or its parts, as what a source of this type fetches."""
    parts = tuple(blob_of(part, part.digest, type, place) for part in file.parts if part.digest is not None)
    return Blob(digest, file.size, type, place(file), parts)
