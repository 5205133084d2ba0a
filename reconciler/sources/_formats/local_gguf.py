"""GGUFs on this machine, whole or in parts: their sha256 and headers, read once for as long as a file is unchanged."""

import os
from collections.abc import Callable
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact
from reconciler.core.frozen import dataclass
from reconciler.errors import NotFound
from reconciler.ports import Cache, Progress
from reconciler.sources._files.listed import ListedFile, grouped
from reconciler.sources._files.local_file import hashed, read_once
from reconciler.sources._files.local_folder import inside
from reconciler.sources._formats.gguf_header import Header, read_header
from reconciler.sources._formats.gguf_judgement import refuse, refuse_other
from reconciler.sources._formats.gguf_parts import joined, kept_header, known_header

PART, PROJECTOR = "part", "projector"  # what a file may hold besides a model or an adapter

Judge = Callable[[Header, str], None]
"""Raises Unusable for a header, of a file of this name, that is not what is wanted."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """What a path names."""

    file: ListedFile
    digest: Digest
    kind: str  # model or adapter
    architecture: str


class LocalGgufs:
    """Reads files; every method raises ResolutionError for what no server could run."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def model(self, path: Path) -> LocalModel:
        """Return the model or adapter at a path, or the model of which that is one part."""
        if ListedFile(path.name, 0, None).shards:
            return self._in_parts(path)
        return _model(*self._read(path, refuse, _quietly))

    def file(self, path: Path, holds: str = "", progress: Progress | None = None) -> ListedFile:
        """Return a file with its digest; `holds` says what it is if not a model or an adapter."""
        return self._read(path, _JUDGES[holds], progress or _quietly)[0]

    def header(self, path: Path) -> Header:
        """Return what a file says of itself; read again, without the rest of it, only when it may have changed."""

        def read(_size: int) -> tuple[Header, Fact]:
            header = read_header(path)
            return header, kept_header(header)

        return read_once(self._cache, "gguf header", path, lambda _, kept: known_header(kept), read)

    def _in_parts(self, path: Path) -> LocalModel:
        folder, named = Path(os.path.realpath(path.parent)), ListedFile(path.name, 0, None)
        parts: list[tuple[ListedFile, Header]] = []
        for name in named.part_paths:
            if not (folder / name).is_file():
                what = f"{path.name} is one of {named.shards} parts of a split GGUF"
                raise NotFound(f"{what}, and {name} is not beside it", hint="put all of its parts into one folder")
            inside(folder, name)
            parts.append(self._read(folder / name, _unjudged, _quietly))
        header = joined([(file.path, header) for file, header in parts])
        refuse(header, named.whole_path)
        return _model(grouped(file for file, _ in parts)[0], header)

    def _read(self, path: Path, judge: Judge, progress: Progress) -> tuple[ListedFile, Header]:
        """Return the file with its digest, and its header; read again only when it may have changed."""

        def known(size: int, kept: Fact) -> tuple[ListedFile, Header] | None:
            match kept:
                case (str(sha256), told) if (header := known_header(told)) is not None:
                    judge(header, path.name)
                    return ListedFile(path.name, size, Digest(sha256)), header
                case _:
                    return None

        def read(size: int) -> tuple[tuple[ListedFile, Header], Fact]:
            header = self.header(path)
            judge(header, path.name)
            digest = hashed(path, size, progress)
            return (ListedFile(path.name, size, digest), header), (digest.hex, kept_header(header))

        return read_once(self._cache, "gguf", path, known, read)


def _model(file: ListedFile, header: Header) -> LocalModel:
    assert file.digest is not None  # it was read
    return LocalModel(file, file.digest, header.kind, header.architecture)


def _unjudged(_header: Header, _name: str) -> None:
    """Leave the judgement to whoever knows the other parts."""


def _quietly(_phase: str, _done: int, _size: int) -> None:
    """Report nothing."""


_JUDGES = {"": refuse, PART: _unjudged, PROJECTOR: refuse_other}
