"""Run a command and tell what it cost: `python watched.py FILE COMMAND…` writes JSON into the file.

A process of its own between the bench and the command: a process begins with the peak of memory of the one that
started it, and this one is small. Linux only, as the whole bench is.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main(file: str, *command: str) -> int:
    """Run it, with all that it writes where ours goes, and return its exit status."""
    process = subprocess.Popen(command)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    io = dict(line.split(": ") for line in Path(f"/proc/{process.pid}/io").read_text().splitlines())
    _, status, used = os.wait4(process.pid, 0)
    cost = {
        "peak": used.ru_maxrss * 1024,  # bytes
        "read": int(io["rchar"]),  # bytes, by read() alone: what comes by recv() from a socket is not in it
        "written": int(io["write_bytes"]),  # bytes, to disks
    }
    Path(file).write_text(json.dumps(cost))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
