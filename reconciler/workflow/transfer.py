"""Transfers: blobs on their way to hosts, ahead of the changes that need them.

Each blob is fetched once, whichever hosts want it, and goes to those that lack it while it arrives.
"""

from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, wait
from functools import partial
from threading import Event, Lock
from types import TracebackType
from typing import Self

from reconciler.arrival import Arrival
from reconciler.core.change import Change
from reconciler.core.digest import Digest
from reconciler.core.names import HostName
from reconciler.core.steps import Blob, uploads_of
from reconciler.errors import Interrupted, ReconcilerError, Unusable
from reconciler.ports import Listener, Sources
from reconciler.workflow.convoy import Convoy
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.observe import Hosts
from reconciler.workflow.watching import watching

POLL = 0.2  # seconds between two looks at whether the run is to end
FETCHES = 4  # blobs that come here at once
UPLOADS = 4  # blobs on their way to one host at once


class Transfers:
    """All transfers of one run, for a `with`; with `passing` they go through memory and never to our disk.

    Then it is one blob after the other, in one order for all hosts, so that no host waits for one that waits for it.
    """

    def __init__(self, hosts: Hosts, sources: Sources, listener: Listener, stop: Event, *, passing: bool) -> None:
        self._hosts, self._sources, self._listener, self._stop = hosts, sources, listener, stop
        self._passing = passing
        self._fetchers = Fleet(1 if passing else FETCHES, stop)
        self._carriers = {name: Fleet(1 if passing else UPLOADS, stop) for name in hosts}
        self._convoys: dict[tuple[HostName, Digest], Convoy] = {}  # those that wait for a host
        self._arrivals: list[Arrival] = []
        self._guards: defaultdict[Digest, Lock] = defaultdict(Lock)
        self._contents: dict[Digest, tuple[Digest, Arrival]] = {}
        self._fetched: list[Future[None]] = []
        self.sent: dict[Digest, Digest] = {}  # blobs, and the digests that hosts have them under: of parts another
        self._asked: dict[Digest, Blob] = {}
        self._started: dict[tuple[HostName, Digest], Future[int]] = {}
        self._told: set[tuple[HostName, Digest]] = set()  # counted by the change that asked first
        self._anew: set[tuple[HostName, Digest]] = set()  # to be begun once more by whoever asks next

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop.is_set() or error is not None:
            for content in self._arrivals:
                content.fail(Interrupted())  # nobody waits for what nobody brings
        for fleet in (*self._carriers.values(), self._fetchers):
            fleet.__exit__(kind, error, trace)

    def start(self, changes: Iterable[Change]) -> None:
        """Begin every transfer that these changes need, in the order in which blobs are first needed anywhere."""
        wanted: dict[Digest, dict[HostName, Blob]] = defaultdict(dict)
        for change in changes:
            for blob in uploads_of(change.steps):
                wanted[blob.digest][change.address.host] = blob
        for digest, hosts in wanted.items():
            if self._passing:
                convoy = Convoy(next(iter(hosts.values())).size, len(hosts))
                self._convoys.update({(host, digest): convoy for host in hosts})
            for host, blob in hosts.items():
                self._begin(host, blob)

    def wait(self, host: HostName, blob: Blob) -> int:
        """Return, once the host holds the blob, the bytes that had to be sent; 0 for whoever asks second.

        Raises what went wrong.
        """
        begun = self._begin(host, blob)
        while not wait([begun], POLL).done:
            if self._stop.is_set():
                raise Interrupted
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
        wait(self._fetched)  # a host may have everything before it has its name here
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
            self._started[key] = self._carriers[host].start(self._carry, host, blob)
        return self._started[key]

    def _carry(self, host: HostName, blob: Blob) -> int:
        """Bring a blob to a host that lacks it, and tell when that begins and how it ends; returns the bytes sent."""
        listener = self._listener.bind(host=host, digest=blob.digest.short)
        listener.event("debug", "transfer_started", size=blob.size)
        try:
            moved = self._pass_on(host, blob) if self._passing else self._bring(host, blob)
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
        digest, content = self._content(blob)
        self.sent[blob.digest] = digest
        if blob.parts and target.has_blob(digest):
            return 0
        return self._upload(host, digest, content)

    def _pass_on(self, host: HostName, blob: Blob) -> int:
        """Bring a blob through memory, once it is known of all hosts that want it who lacks it."""
        convoy = self._convoys.pop((host, blob.digest), None) or Convoy(blob.size, 1)
        lacks = False
        try:
            lacks = not self._hosts[host].has_blob(blob.held_as)
            if lacks:
                _must_not_be_merged(blob)
        finally:
            convoy.decided(lacks and not blob.parts, partial(self._start, blob, convoy.content))
        self.sent[blob.digest] = blob.digest if lacks else blob.held_as
        return self._upload(host, blob.digest, convoy.content) if lacks else 0

    def _upload(self, host: HostName, digest: Digest, content: Arrival) -> int:
        task = f"{host} {digest.short}"
        self._hosts[host].upload(digest, content, watching(self._listener, task, self._stop))
        self._listener.finished(task)
        self._listener.event("info", "blob_uploaded", host=host, digest=digest.short, bytes=content.size)
        return content.size

    def _content(self, blob: Blob) -> tuple[Digest, Arrival]:
        """Return the digest and the content of a blob, which is here or on its way here, begun anew where it failed."""
        with self._guards[blob.digest]:
            known = self._contents.get(blob.digest)
            if known is None or known[1].failed:
                known = self._merged(blob) if blob.parts else (blob.digest, Arrival(blob.size))
                self._contents[blob.digest] = known
                if not blob.parts:
                    self._start(blob, known[1])
            return known

    def _start(self, blob: Blob, content: Arrival) -> None:
        self._arrivals.append(content)
        self._fetched.append(self._fetchers.start(self._fetch, blob, content))

    def _merged(self, blob: Blob) -> tuple[Digest, Arrival]:
        task = dict(blob.locator).get("file", blob.digest.short)
        digest, path = self._sources(blob.source).merge(blob, watching(self._listener, task, self._stop))
        self._listener.finished(task)
        return digest, Arrival.of(path)

    def _fetch(self, blob: Blob, content: Arrival) -> None:
        """Have a blob arrive; whoever reads it raises what goes wrong."""
        task = dict(blob.locator).get("file", blob.digest.short)
        try:
            self._sources(blob.source).fetch(blob, content, watching(self._listener, task, self._stop))
        except BaseException as error:
            content.fail(error)
            if not isinstance(error, ReconcilerError):
                raise
        self._listener.finished(task)


def _must_not_be_merged(blob: Blob) -> None:
    if blob.parts:
        raise Unusable(
            f"its {len(blob.parts)} parts are merged on this machine, which takes a file, and --no-cache forbids it",
            hint="apply without --no-cache, or to hosts that merge parts themselves",
        )


def _succeeded(future: "Future[int]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
