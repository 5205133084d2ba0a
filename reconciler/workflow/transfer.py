"""Transfers: blobs on their way to hosts, ahead of the changes that need them.

Each blob is fetched once, whichever hosts want it, and sent only to those that lack it.
"""

from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Event, Lock

from reconciler.core.change import Change
from reconciler.core.digest import Digest
from reconciler.core.names import HostName
from reconciler.core.steps import Blob, Upload
from reconciler.errors import Interrupted, ReconcilerError
from reconciler.ports import Listener, Sources
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.observe import Hosts
from reconciler.workflow.watching import watching

POLL = 0.2  # seconds between two looks at whether the run is to end


class Transfers:
    """All transfers of one run."""

    def __init__(self, hosts: Hosts, sources: Sources, listener: Listener, fleet: Fleet, stop: Event) -> None:
        self._hosts, self._sources, self._listener, self._fleet, self._stop = hosts, sources, listener, fleet, stop
        self._guards: defaultdict[Digest, Lock] = defaultdict(Lock)
        self._fetched: dict[Digest, tuple[Digest, Path]] = {}
        self.sent: dict[Digest, Digest] = {}  # blobs, and the digests that hosts have them under: of parts another
        self._asked: dict[Digest, Blob] = {}
        self._started: dict[tuple[HostName, Digest], Future[int]] = {}
        self._told: set[tuple[HostName, Digest]] = set()  # counted by the change that asked first
        self._anew: set[tuple[HostName, Digest]] = set()  # to be begun once more by whoever asks next

    def start(self, changes: Iterable[Change]) -> None:
        """Begin every transfer that these changes need, in their order."""
        for change in changes:
            for step in change.steps:
                if isinstance(step, Upload):
                    self._begin(change.address.host, step.blob)

    def wait(self, host: HostName, blob: Blob) -> int:
        """Return, once the host holds the blob, the bytes that had to be sent; 0 for whoever asks second.

        Raises what went wrong.
        """
        begun = self._begin(host, blob)
        while not wait([begun], POLL).done:
            if self._stop.is_set():
                raise Interrupted("the run was interrupted")
        try:
            moved = begun.result()
        except ReconcilerError as error:
            if error.retryable:
                self._anew.add((host, blob.digest))
            raise
        first = (host, blob.digest) not in self._told
        self._told.add((host, blob.digest))
        return moved if first else 0

    def again(self, host: HostName, blob: Blob) -> int:
        """Bring a blob once more, to a host that has lost it, and return the bytes that had to be sent."""
        self._anew.add((host, blob.digest))
        self._told.discard((host, blob.digest))
        return self.wait(host, blob)

    def release(self) -> None:
        """Delete from the cache what every host that wanted it now has; what failed stays, to be resumed.

        That is also what an earlier run has fetched, and even brought to the hosts, before it was killed.
        """
        failed = {digest for (_, digest), future in self._started.items() if not _succeeded(future)}
        failed |= {part.digest for digest in failed for part in self._asked[digest].parts}
        for blob in (one for asked in self._asked.values() for one in (asked, *asked.parts)):
            if blob.digest not in failed:
                self._sources(blob.source).release(blob)

    def _begin(self, host: HostName, blob: Blob) -> "Future[int]":
        key = (host, blob.digest)
        self._asked[blob.digest] = blob
        if key not in self._started or key in self._anew:
            self._anew.discard(key)
            self._started[key] = self._fleet.start(self._carry, host, blob)
        return self._started[key]

    def _carry(self, host: HostName, blob: Blob) -> int:
        """Bring a blob to a host that lacks it, and tell when that begins and how it ends; returns the bytes sent."""
        listener = self._listener.bind(host=host, digest=blob.digest.short)
        listener.event("debug", "transfer_started", size=blob.size)
        try:
            moved = self._bring(host, blob)
        except ReconcilerError as error:
            listener.event("debug", "transfer_failed", error=str(error))
            raise
        listener.event("debug", "transfer_done", bytes=moved)
        return moved

    def _bring(self, host: HostName, blob: Blob) -> int:
        target = self._hosts[host]
        if target.has_blob(blob.held_as):
            self.sent[blob.digest] = blob.held_as
            return 0
        digest, path = self._fetch(blob)
        self.sent[blob.digest] = digest
        if blob.parts and target.has_blob(digest):
            return 0
        task, size = f"{host} {digest.short}", path.stat().st_size
        target.upload(digest, path, watching(self._listener, task, self._stop))
        self._listener.finished(task)
        self._listener.event("info", "blob_uploaded", host=host, digest=digest.short, bytes=size)
        return size

    def _fetch(self, blob: Blob) -> tuple[Digest, Path]:
        """Return the blob as a file with its digest; whoever asks second waits for the first."""
        with self._guards[blob.digest]:
            if blob.digest not in self._fetched:
                task = dict(blob.locator).get("file", blob.digest.short)
                source = self._sources(blob.source)
                progress = watching(self._listener, task, self._stop)
                whole = source.merge(blob, progress) if blob.parts else (blob.digest, source.fetch(blob, progress))
                self._listener.finished(task)
                self._fetched[blob.digest] = whole
            return self._fetched[blob.digest]


def _succeeded(future: "Future[int]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
