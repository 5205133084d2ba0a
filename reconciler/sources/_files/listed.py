"""A file as a listing tells it, and what its name alone says of it."""

import re
from dataclasses import dataclass

from reconciler.core.digest import Digest

_QUANTIZATION = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q[1-9](?:_[A-Z0-9]+)*|TQ[1-9]_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F?P?16|F?P?32))(?=[-.]|$)",
    re.IGNORECASE,
)
_SHARD = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)
_COMPANIONS = re.compile(r"mmproj|imatrix", re.IGNORECASE)  # GGUF too, and no models
_LONGEST_PATH = 1024  # characters


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a repo at one commit, or of a folder."""

    path: str
    size: int  # bytes
    digest: Digest | None  # absent where the listing tells none: in a folder, and for what is kept in git itself

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
    def stem(self) -> str:
        """Return what the parts of a split file have in common."""
        return _SHARD.sub("", self.path)

    @property
    def shards(self) -> int:
        """Return of how many files it is one, 0 for a file that is whole."""
        found = _SHARD.search(self.path)
        return int(found[1]) if found else 0

    @property
    def quantization(self) -> str:
        """Return the quantisation that its name tells, in capitals, or nothing."""
        stem = _SHARD.sub("", self.path.rpartition("/")[2].removesuffix(".gguf"))
        found = _QUANTIZATION.findall(stem)
        return str(found[-1]).upper() if found else ""


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
