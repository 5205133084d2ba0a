"""Programs taken out of Debian packages: apt downloads and checks them; nothing is installed and no service starts.

apt is given lists and a cache of its own, so that neither root nor a change to this machine is needed.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PROGRAM_FOLDERS = ("usr/bin", "usr/sbin")


def take_packages(names: Sequence[str], target: Path, work: Path) -> None:
    """Download these packages with this machine's own apt sources and unpack them into `target`.

    Raises FileNotFoundError where there is no apt, CalledProcessError (with its stderr) where apt cannot have them.
    """
    apt = _apt(work)
    (work / "packages").mkdir()
    _run([*apt, "download", *names], work / "packages")
    _unpack(work / "packages", target)


def take_with_libraries(name: str, target: Path, work: Path) -> None:
    """Take a package as `take_packages` does, with every package that it depends on and this machine lacks."""
    _run([*_apt(work), "--download-only", "--no-install-recommends", "--yes", "install", name], work)
    _unpack(work / "cache" / "archives", target)


def search_path(root: Path) -> str:
    """Return a search path: this machine's programs, the administrator's, then those unpacked under `root`."""
    unpacked = [str(root / folder) for folder in PROGRAM_FOLDERS]
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", *unpacked])


def found(program: str, root: Path) -> list[str]:
    """Return the command that runs a program on `search_path`, with what is unpacked beside it; empty without one."""
    path = shutil.which(program, path=search_path(root))
    libraries = (*root.glob("usr/lib/*-linux-gnu"), *root.glob("usr/lib/*-linux-gnu/systemd"))
    settings = (f"LD_LIBRARY_PATH={':'.join(map(str, libraries))}", f"SYSTEMD_UNIT_PATH={root}/lib/systemd/system:")
    return ["env", *settings, path] if path else []


def runs(program: str, option: str, root: Path) -> bool:
    """Tell whether a program is found and starts: an unpacked one may lack a library."""
    command = found(program, root)
    return bool(command) and subprocess.run([*command, option], capture_output=True, check=False).returncode == 0


def _apt(work: Path) -> list[str]:
    """Return the command of an apt that knows what there is, and keeps all that it fetches in `work`."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    command = [
        "apt-get",
        f"--option=Dir::State::Lists={work}/lists",
        f"--option=Dir::Cache={work}/cache",
        "--option=APT::Sandbox::User=root",  # where we are root: `_apt` may not write to our folder
        "--option=Debug::NoLocking=true",  # where we are not: nothing of this machine is changed
        "--option=Acquire::Languages=none",
        "--option=Acquire::http::Timeout=20",
        "--quiet=2",
    ]
    _run([*command, "update"], work, check=False)  # one dead source of many makes it fail
    return command


def _unpack(folder: Path, target: Path) -> None:
    for package in sorted(folder.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(target)], folder)


def _run(command: list[str], folder: Path, *, check: bool = True) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(command, cwd=folder, env=environment, check=check, capture_output=True, text=True)
