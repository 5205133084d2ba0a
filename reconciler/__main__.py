"""The command `reconciler`, and `python -m reconciler`: what can be told without the command line is told first."""

import gc
import os
import sys
from contextlib import suppress

from reconciler import __version__

TYPE_CHECKING = False  # of `typing`, which starts slowly
if TYPE_CHECKING:
    from reconciler.recall.memory import Memory

_INTERRUPTED = 130
_OBJECTS = 100_000  # a start makes so many, and none of them is garbage


def process() -> None:
    """Be the process: run its command, and end as soon as that has ended and all is written.

    Nobody waits for threads that still read from a hub or a host, and nothing is taken apart object by object: that
    takes a tenth of the time of a short command.
    """
    gc.set_threshold(_OBJECTS)
    status = 0
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        status = end.code
    with suppress(OSError):  # what can't be written is told by the interpreter
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


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
    process()
