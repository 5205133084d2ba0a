"""A real PostgreSQL server for tests: its own port on the loopback, its own data, a password that it insists on.

PostgreSQL refuses to run as root; where we are root it runs as nobody, in a folder that nobody owns.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path
from pwd import getpwnam
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from tests.parts.ollama import REPOSITORY

UNPACKED = REPOSITORY / ".parts" / "postgres"
START_TIMEOUT = 30  # seconds
USER = "reconciler"
PASSWORD = "correct horse: battery/staple%"
PROGRAMS = "usr/lib/postgresql/*/bin"  # where Debian puts them, not on the PATH


def available() -> str | None:
    """Return why there can be no real PostgreSQL on this machine, or None where there can."""
    if programs() is None:
        return "no PostgreSQL that `nobody` can run: run `make parts`, or install postgresql with apt"
    return None


def programs() -> Path | None:
    """Return the folder of initdb, pg_ctl and postgres, the newest of this machine or the unpacked one."""
    folders = [path for root in (Path("/"), UNPACKED) for path in sorted(root.glob(PROGRAMS), reverse=True)]
    if found := shutil.which("initdb"):
        folders.insert(0, Path(found).resolve().parent)
    return next((folder for folder in folders if _starts(folder)), None)


class RealPostgres:
    """One server process; it keeps its port and its data over `kill()` and `start()`."""

    def __init__(self) -> None:
        folder = programs()
        if folder is None:
            raise RuntimeError(available())
        self._programs = folder
        self._folder = TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True)
        self._data = Path(self._folder.name, "data")
        self.port = _free_port()

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder.name, "nobody")
        secret = Path(self._folder.name, "password")
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={secret}", "--no-sync", "--encoding=UTF8"]
        self._run("initdb", *options, "--no-locale", f"--pgdata={self._data}")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        """Return the address of a database."""
        return f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError with the end of its log if it does not."""
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = Path(self._folder.name, "log")
        try:
            self._run("pg_ctl", "start", f"--options={settings}", f"--log={log}", *self._here())
        except RuntimeError as error:
            said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise RuntimeError(f"PostgreSQL did not start: {said}") from error

    def stop(self) -> None:
        """End the server, and every connection to it, but not before what is written is safe."""
        self._run("pg_ctl", "stop", "--mode=fast", *self._here())

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._run("pg_ctl", "stop", "--mode=immediate", *self._here())

    def _here(self) -> tuple[str, ...]:
        return ("--wait", f"--timeout={START_TIMEOUT}", f"--pgdata={self._data}", "--silent")

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL; what it starts must not hold our pipes open, so its words go to a file."""
        said = Path(self._folder.name, f"{program}.out")
        with said.open("w") as out:
            done = _as_somebody([self._programs / program, *arguments], out=out)
        if done != 0:
            raise RuntimeError(f"{program} failed: {said.read_text(errors='replace')[-2000:]}")


def _starts(folder: Path) -> bool:
    """Tell whether the programs of a folder run: unpacked ones may lack a library, or a user may not reach them."""
    try:
        return all(_as_somebody([folder / name, "--version"]) == 0 for name in ("initdb", "pg_ctl", "postgres"))
    except OSError:
        return False


def _as_somebody(command: list[str | Path], out: IO[str] | int = subprocess.DEVNULL) -> int:
    """Run a command as who we are, or as nobody where we are root; returns its exit status."""
    who = {"user": "nobody", "group": getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    libraries = sorted(str(path) for path in UNPACKED.glob("usr/lib/*-linux-gnu"))
    environment = {"PATH": os.defpath, "LC_ALL": "C"} | ({"LD_LIBRARY_PATH": ":".join(libraries)} if libraries else {})
    process = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", env=environment, check=False, **who
    )
    return process.returncode


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
