"""Files that manifests are made of or name: bounded, UTF-8, never outside the manifest's own folder, written whole."""

import os
import re
import stat
from pathlib import Path

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.manifest.rules import Rule, finding

MAX_BYTES = 4 * 1024 * 1024
SPLIT = "split it"  # what to do about more

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def inside(folder: str, name: str) -> str:
    """Return the real, absolute path of a file named in a manifest; `folder` is the manifest's, as a real path.

    Raises ValueError with the reason and a hint if there is no such file or if it is not inside the
    folder, symbolic links followed.
    """
    path = _within(folder, name)
    if not path.is_file():
        raise ValueError(f"{name!r} is not a file", "name one file")
    return str(path)


def inside_folder(folder: str, name: str) -> str:
    """Return the real, absolute path of a folder named in a manifest; raises ValueError as `inside` does."""
    path = _within(folder, name)
    if not path.is_dir():
        raise ValueError(f"{name!r} is not a folder", "name the folder that holds the files")
    return str(path)


def _within(folder: str, name: str) -> Path:
    if "\0" in name:
        raise ValueError("the name of a file can't hold a NUL", "")
    path = Path(os.path.realpath(Path(folder, name)))
    if not path.is_relative_to(folder):
        raise ValueError(f"{name!r} leads out of the manifest's folder", "put the file into that folder")
    try:
        found = path.exists()
    except OSError as error:
        raise ValueError(f"{name!r} can't be looked for: {error.strerror}", "") from error
    if not found:
        raise ValueError(f"there is no file {name!r}", "a path is relative to the manifest")
    return path


def read_text(path: Path, shown: str) -> str | Diagnostic:
    """Return the text of a file of at most MAX_BYTES, or the finding that says why not; `shown` names it there."""
    content = read_bytes(path, shown, MAX_BYTES, SPLIT)
    return content if isinstance(content, Diagnostic) else decode(content, shown)


def read_bytes(path: Path, shown: str, most: int, hint: str) -> bytes | Diagnostic:
    """Return what is in a file of at most `most` bytes, or why not: `hint` is for a larger one."""
    try:
        if not path.is_file():
            what = "this is not a file" if path.exists() else "there is no such file"
            return finding(Location(shown), Rule.UNREADABLE, what)
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:  # it may just have become a pipe
            size = min(os.fstat(stream.fileno()).st_size, most)
            content = stream.read(size + 1)  # a buffer for the most there may be would take longer to make than to fill
            if len(content) > size:
                content += stream.read(most + 1 - len(content))
    except OSError as error:
        return finding(Location(shown), Rule.UNREADABLE, f"cannot be read: {error.strerror}")
    if len(content) > most:
        return finding(Location(shown), Rule.TOO_LARGE, f"larger than {most // 1024**2} MiB", hint)
    return content


def replace(path: Path, text: str, mode: int | None = None) -> None:
    """Put text into a file, whole or not at all, following links; raises OSError.

    It is written beside the file and gets the name then, so that a crash leaves the one or the other. `mode` is who
    may read it; without one that stays as it is. What is there and no file, such as a pipe or /dev/null, is written
    into and stays what it is.
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        real.write_text(text, encoding="utf-8")
        return
    beside = real.with_name(f".{real.name}.{os.urandom(4).hex()}")
    try:
        with beside.open("x", encoding="utf-8") as stream:
            if mode is not None or real.exists():
                beside.chmod(stat.S_IMODE(real.stat().st_mode) if mode is None else mode)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(real)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def decode(content: bytes, shown: str) -> str | Diagnostic:
    """Return UTF-8 content as text, without a byte order mark, or the finding about the first byte that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = _location(shown, content[: error.start].decode("utf-8", "replace"))
        return finding(where, Rule.NOT_UTF8, "not UTF-8 text", "save the file as UTF-8")
    control = _CONTROL.search(text)
    if control is None:
        return text
    code = f"U+{ord(control.group()):04X}"
    where = _location(shown, text[: control.start()])
    return finding(where, Rule.CONTROL_CHARACTER, f"control character {code}", "remove it, or write it as an escape")


def _location(shown: str, before: str) -> Location:
    return Location(shown, before.count("\n") + 1, len(before) - before.rfind("\n"))
