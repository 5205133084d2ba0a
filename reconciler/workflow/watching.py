"""Progress of what may be abandoned half-way: downloads, uploads and pulls, never a host's own making of a model."""

from threading import Event

from reconciler.errors import Interrupted
from reconciler.ports import Listener, Progress


def watching(listener: Listener, task: str, stop: Event) -> Progress:
    """Return a callback that tells the listener, and raises Interrupted once somebody wants the run to end."""

    def progress(phase: str, done: int, total: int) -> None:
        if stop.is_set():
            raise Interrupted
        listener.progress(task, phase, done, total)

    return progress
