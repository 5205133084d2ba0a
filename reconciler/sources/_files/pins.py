"""What sources have in common that give files and nothing that a host could pull."""

from pathlib import Path
from typing import NoReturn

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob, Pull
from reconciler.errors import Unusable
from reconciler.ports import Progress

ANEW = "lock it anew"  # what to do about an entry of a lock that does not stand

_MOST = 1 << 63  # bytes; no disk has as many
_MOST_DIGITS = 18  # of a number of bytes


class FilesOnly:
    """The part of the Source port that is about pulls and parts, for a source that knows none."""

    def describe(self, pull: Pull, *, config: bool = False) -> NoReturn:  # noqa: ARG002
        """Raise Unusable: nothing of this type is pulled."""
        raise Unusable(f"{pull.name} is not of this source")

    def route(self, ref: SourceRef, pull: Pull) -> NoReturn:  # noqa: ARG002
        """Raise Unusable: nothing of this type is pulled."""
        raise Unusable(f"{pull.name} is not of this source")

    def merge(self, blob: Blob, _progress: Progress) -> tuple[Digest, Path]:
        """Raise Unusable: nothing of this type is in parts."""
        raise Unusable(f"{blob.digest} is not in parts")


def same_pin(pinned: Pinned | None, pin: Facts, name: str) -> Pinned:
    """Return what an entry of a lock was read as, if that says the same again; raises Unusable."""
    if pinned is None or pinned.pin != pin:
        raise Unusable(f"what is locked for {name} can't be read", hint=ANEW)
    return pinned


def pinned_file(pin: Facts) -> tuple[Digest, int] | None:
    """Return digest and size in bytes from a pin that holds `sha256` and `size`; None where it holds no such thing."""
    match dict(pin):
        case {"sha256": str(sha256), "size": int(size)} if is_size(size):
            try:
                return Digest.parse(sha256), size
            except ValueError:
                return None
        case _:
            return None


def file_text(name: str, digest: Digest, size: int) -> str:
    """Return one file of several as a pin keeps it: its name, its sha256 and its bytes."""
    return f"{name} {digest.hex} {size}"


def parsed_file(text: Fact) -> tuple[str, Digest, int]:
    """Return name, digest and size in bytes from what `file_text` gives; raises ValueError for anything else."""
    name, sha256, size = str(text).rsplit(" ", 2)
    if len(size) > _MOST_DIGITS or not size.isascii() or not size.isdecimal():
        raise ValueError("no number of bytes")
    return name, Digest(sha256), int(size)


def parsed_files(texts: Fact) -> tuple[tuple[str, Digest, int], ...]:
    """Return name, digest and size in bytes of each file of a pin; none at all where one can't be read."""
    try:
        return tuple(parsed_file(text) for text in texts) if isinstance(texts, tuple) else ()
    except ValueError:
        return ()


def gguf_name(path: str) -> str:
    """Return what hosts are told that a GGUF is called: its own name, with the ending that they know one by."""
    name = path.rpartition("/")[2]
    return name if name.endswith(".gguf") else f"{name}.gguf"


def is_size(value: Fact) -> bool:
    """Tell whether a value is a number of bytes that a file could have."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
