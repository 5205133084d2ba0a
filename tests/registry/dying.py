"""Runs that ask for one lease, in processes of which we are told who is dead."""

import time

import pytest

from reconciler.core.holder import Process
from reconciler.errors import LeaseHeld
from tests.registry.contender import RESOURCE

TTL = 60.0  # seconds: longer than any test waits


class Told:
    """Processes as we are told: who we are, and who of the others is dead."""

    def __init__(self, pid=0):
        self.process = Process(pid, 5, "here") if pid else None
        self.dead = set()

    def own(self):
        return self.process

    def is_dead(self, process):
        return process in self.dead


def take(store, name, resource=RESOURCE):
    return store.acquire(resource, name, f"ann@{name}", TTL)


def refused(store, name="r2"):
    with pytest.raises(LeaseHeld) as caught:
        take(store, name)
    return caught.value


def soon(act):
    """Return what an act returns as soon as it is not refused; a server takes a moment to miss a connection."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return act()
        except LeaseHeld:
            assert time.monotonic() < deadline
            time.sleep(0.01)
