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
    for folder in ("lists/partial", "cache/archives/partial", "packages"):
        (work / folder).mkdir(parents=True)
    options = [
        f"--option=Dir::State::Lists={work}/lists",
        f"--option=Dir::Cache={work}/cache",
        "--option=APT::Sandbox::User=root",  # where we are root: `_apt` may not write to our folder
        "--option=Acquire::Languages=none",
        "--option=Acquire::http::Timeout=20",
        "--quiet=2",
    ]
    _run(["apt-get", *options, "update"], work, check=False)  # one dead source of many makes it fail
    _run(["apt-get", *options, "download", *names], work / "packages")
    for package in sorted((work / "packages").glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(target)], work)


def search_path(root: Path) -> str:
    """Return a search path: this machine's programs, the administrator's, then those unpacked under `root`."""
    unpacked = [str(root / folder) for folder in PROGRAM_FOLDERS]
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", *unpacked])


def runs(program: str, option: str, root: Path) -> bool:
    """Tell whether a program is on `search_path` and starts: an unpacked one may lack a library."""
    found = shutil.which(program, path=search_path(root))
    if found is None:
        return False
    return subprocess.run([found, option], capture_output=True, check=False).returncode == 0


def _run(command: list[str], folder: Path, *, check: bool = True) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(command, cwd=folder, env=environment, check=check, capture_output=True, text=True)
