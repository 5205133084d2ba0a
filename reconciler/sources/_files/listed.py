"""A file as a listing tells it, and what its name alone says of it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.core.lock import set_digest
from reconciler.core.steps import part_name
from reconciler.sources._files.pins import file_text

_QUANTIZATION = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q[1-9](?:_[A-Z0-9]+)*|TQ[1-9]_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F?P?16|F?P?32))(?=[-.]|$)",
    re.IGNORECASE,
)
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)
_COMPANIONS = re.compile(r"mmproj|imatrix", re.IGNORECASE)  # GGUF too, and no models
_LONGEST_PATH = 1024  # characters


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a repo at one commit, or of a folder; or the parts of a split GGUF together, from `grouped`."""

    path: str  # of parts that of the first, whether or not it is there
    size: int  # bytes
    digest: Digest | None  # absent where the listing tells none: in a folder, and for what is kept in git itself
    parts: tuple["ListedFile", ...] = ()  # those that are there, in order

    @property
    def is_gguf(self) -> bool:
        """Tell whether it is a GGUF, by its name."""
        return self.path.lower().endswith(".gguf")

    @property
    def is_model(self) -> bool:
        """Tell whether it is a GGUF and not a projector or an importance matrix, by its name."""
        return self.is_gguf and not _COMPANIONS.search(self.path.rpartition("/")[2])

    @property
    def is_projector(self) -> bool:
        """Tell whether it is a projector, by its name."""
        return self.is_gguf and "mmproj" in self.path.rpartition("/")[2].lower()

    @property
    def shards(self) -> int:
        """Return of how many parts it is one or all, 0 for a file that is whole; one part of one is that."""
        found = _SHARD.search(self.path)
        return int(found[2]) if found and int(found[2]) > 1 else 0

    @property
    def number(self) -> int:
        """Return which one of its parts it is, 0 for a file that is whole."""
        found = _SHARD.search(self.path)
        return int(found[1]) if found and self.shards else 0

    @property
    def whole_path(self) -> str:
        """Return the path that it has, or would have in one file."""
        return _SHARD.sub(".gguf", self.path) if self.shards else self.path

    @property
    def paths(self) -> tuple[str, ...]:
        """Return its path, or those of its parts that are there."""
        return tuple(part.path for part in self.parts) or (self.path,)

    @property
    def part_paths(self) -> Iterator[str]:
        """Return the paths that all of its parts have to have, in order; none for a file that is whole."""
        return (part_name(self.whole_path, number, self.shards) for number in range(1, self.shards + 1))

    @property
    def missing(self) -> str:
        """Return the path of the first part that is not there, nothing where all are."""
        there = set(self.paths)
        return next((path for path in self.part_paths if path not in there), "") if self.parts else ""

    @property
    def quantization(self) -> str:
        """Return the quantisation that its name tells, in capitals, or nothing."""
        stem = _SHARD.sub("", self.path.rpartition("/")[2])
        found = _QUANTIZATION.findall(stem.removesuffix(".gguf"))
        return str(found[-1]).upper() if found else ""


def grouped(files: Iterable[ListedFile]) -> tuple[ListedFile, ...]:
    """Return the files with the parts of each split GGUF together as one, whose digest stands for all of them.

    That is not a sha256 of theirs, and the same wherever they lie, whatever they are called. Absent if one is missing.
    """
    sets: dict[tuple[str, int], list[ListedFile]] = {}
    for file in files:
        sets.setdefault((file.whole_path, file.shards), []).append(file)
    return tuple(_together(*key, group) if key[1] else group[0] for key, group in sets.items())


def _together(path: str, count: int, group: Sequence[ListedFile]) -> ListedFile:
    named = (part for part in group if 0 < part.number <= count and part.path == part_name(path, part.number, count))
    parts = tuple(sorted(named, key=lambda part: part.number)) or tuple(group)
    together = ListedFile(part_name(path, 1, count), sum(part.size for part in parts), None, parts)
    digests = [part.digest for part in parts if part.digest is not None]
    if len(digests) < count:
        return together
    texts = (
        file_text(f"{number:05}-of-{count:05}", digest, part.size)
        for number, (part, digest) in enumerate(zip(parts, digests, strict=True), 1)
    )
    return replace(together, digest=set_digest(texts))


def is_path(path: object) -> bool:
    """Tell whether a git repo could hold a file of this path, and people could read it."""
    if not isinstance(path, str) or len(path) > _LONGEST_PATH or not path.isprintable():
        return False
    return not {"", ".", ".."} & set(path.split("/"))


def human(size: int) -> str:
    """Return a number of bytes for people, in powers of ten as hubs show them."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
