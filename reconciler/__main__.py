"""The command `reconciler`, and `python -m reconciler`: what can be told without the command line is told first."""

import os
import sys
from typing import TYPE_CHECKING

from reconciler import __version__

if TYPE_CHECKING:
    from reconciler.recall.memory import Memory

_INTERRUPTED = 130


def main(words: list[str] | None = None) -> None:
    """Run the command with these words, or those that the process was started with, and exit with its status."""
    words = sys.argv[1:] if words is None else words
    heard = words if sys.stdout and sys.stderr else []  # who closed a stream is looked after by the command line
    try:
        memory = _memory(heard)
        told = memory.told() if memory is not None else None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        os._exit(_INTERRUPTED)  # nobody waits for those who still ask
    if heard == ["--version"]:
        told = f"reconciler {__version__}\n"
    if told is None or not _written(told):
        from reconciler.cli import main as command_line

        command_line(words, memory)


def _memory(words: list[str]) -> "Memory | None":
    """Return what a plan may remember, of an apply and of manifests that are valid too; None for other commands."""
    if not {"plan", "apply", "validate"} & set(words):
        return None
    from reconciler.recall.memory import Memory

    try:
        return Memory(words, os.environ)
    except (OSError, ValueError):  # no folder to be in, or a stream that is none
        return None


def _written(told: str) -> bool:
    """Write the result; tell whether that was done, and exit where it can't be."""
    try:
        sys.stdout.write(told)
        sys.stdout.flush()
    except UnicodeEncodeError:  # nothing of it was written
        return False
    except OSError as error:
        from reconciler.cli import unwritten

        sys.exit(unwritten(error))
    return True


if __name__ == "__main__":
    main()
