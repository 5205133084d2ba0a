"""The processes of this machine, as its kernel shows them under /proc; elsewhere than on Linux nothing can be told.

Numbers of processes mean something only to the namespace that they were given in: /proc must be that of our own, and
is not that of a sandbox that sees the machine's. Under `hidepid` it hides what lives, so that only the kernel's own
answer to a signal that is never sent counts as a proof that a process is gone. Its beginning is told by the reader's
time namespace.
"""

import os
from pathlib import Path
from typing import Protocol

from reconciler.core.frozen import dataclass
from reconciler.core.holder import Process, Seen, Sight, Unseen, is_dead

_STATE, _THREADS, _BEGAN = 0, 17, 19  # places in /proc/PID/stat, counted from what follows the name


class Processes(Protocol):
    """What can be told about processes."""

    def own(self) -> Process | None:
        """Return this process; None where that can't be told for sure."""

    def is_dead(self, process: Process) -> bool:
        """Tell whether a process is proved to be dead."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The Processes of this machine."""

    proc: Path = Path("/proc")

    def own(self) -> Process | None:
        """Return this process; None without a /proc of its own namespace."""
        me = self.proc / "self"
        try:
            (numbers,) = (line for line in (me / "status").read_text().splitlines() if line.startswith("NSpid:"))
            if numbers.split()[1:] != [str(os.getpid())]:
                return None
            return Process(os.getpid(), _seen(me).began, self._place())
        except (OSError, ValueError, IndexError):
            return None

    def is_dead(self, process: Process) -> bool:
        """Tell whether a process is proved to be dead, which only one of this machine can be."""
        here = self.own()
        return here is not None and is_dead(process, here, self.look(process.pid))

    def look(self, pid: int) -> Sight:
        """Return what is to be seen of a process. Ask on Linux only: elsewhere the question may end it."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return Unseen.GONE
        except (OSError, OverflowError):
            pass  # somebody else's process, or what never was a number of one
        try:
            return _seen(self.proc / str(pid))
        except (OSError, ValueError, IndexError):
            return Unseen.HIDDEN

    def _place(self) -> str:
        (boot,) = (self.proc / "sys/kernel/random/boot_id").read_text().split()
        spaces = self.proc / "self/ns"
        time = (spaces / "time").stat().st_ino if (spaces / "time").exists() else 0  # since Linux 5.6
        return f"{boot}/{(spaces / 'pid').stat().st_ino}/{time}"


def _seen(folder: Path) -> Seen:
    """Return what /proc tells of a process, whose name may hold brackets and spaces."""
    fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return Seen(fields[_STATE], int(fields[_THREADS]), int(fields[_BEGAN]))
