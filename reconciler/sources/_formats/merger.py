"""Split GGUFs made whole on this machine: once for all hosts, kept until they have it, and its digest for ever.

The file lies in the folder for downloads under the digest that stands for its parts; beside the parts, for as long as
it takes. It is renamed to that only when it is whole, so one that is there is right.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.resolution import Pinned
from reconciler.core.steps import Blob
from reconciler.ports import Cache, Progress
from reconciler.sources._files.local_file import hashed
from reconciler.sources._files.partial_file import check_space, locked, writing
from reconciler.sources._formats.gguf_merge import merge

Fetch = Callable[[Blob, Progress], Path]


class Merger:
    """Merges parts into files in `folder`."""

    def __init__(self, cache: Cache, folder: Path) -> None:
        self._cache, self._folder = cache, folder

    def remembered(self, pinned: Pinned) -> Pinned:
        """Return what was pinned, with the digest of what its parts make where that is known."""
        return replace(pinned, files=tuple((name, self._known(blob)) for name, blob in pinned.files))

    def merged(self, blob: Blob, fetch: Fetch, missing: int, progress: Progress) -> tuple[Digest, Path]:
        """Return the parts of a blob as one file, with its digest; `fetch` brings each part, `missing` bytes in all.

        Raises ResolutionError, for want of space before anything is fetched.
        """
        whole = self._folder / blob.digest.hex
        with writing(self._folder), locked(self._folder, blob.digest):
            if whole.is_file():
                found = self._known(blob).merged or hashed(whole, whole.stat().st_size, progress)
            else:
                check_space(self._folder, missing + blob.size)
                found = self._made(whole, _fetched(blob, fetch, progress), progress)
            self._cache.put(_key(blob), found.hex)
        return found, whole

    def release(self, blob: Blob) -> None:
        """Delete the file that was made of the parts of a blob."""
        if blob.parts:
            (self._folder / blob.digest.hex).unlink(missing_ok=True)

    def _made(self, whole: Path, parts: list[Path], progress: Progress) -> Digest:
        unfinished = whole.with_suffix(".merging")
        try:
            with unfinished.open("wb") as file:
                digest = merge(parts, file, progress)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(whole)
        finally:
            unfinished.unlink(missing_ok=True)
        return digest

    def _known(self, blob: Blob) -> Blob:
        kept = self._cache.get(_key(blob)) if blob.parts else None
        return replace(blob, merged=Digest(kept)) if isinstance(kept, str) else blob


def _key(blob: Blob) -> str:
    return f"merged {blob.digest}"


def _fetched(blob: Blob, fetch: Fetch, progress: Progress) -> list[Path]:
    """Return each part as a file; progress goes on from one to the next."""
    paths, before = [], 0
    for part in blob.parts:
        paths.append(fetch(part, partial(_ahead, progress, before, blob.size)))
        before += part.size
    return paths


def _ahead(progress: Progress, before: int, whole: int, phase: str, done: int, _part: int) -> None:
    progress(phase, before + done, whole)
