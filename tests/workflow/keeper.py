"""A process that holds leases until it is told to end: `python -m tests.workflow.keeper REGISTRY TTL URL…`."""

import sys
import time

from reconciler.cli.clock import SystemClock
from reconciler.core.names import HostName
from reconciler.ports import Run
from reconciler.registry.store import open_store
from reconciler.workflow.leases import Terms, held
from tests.workflow.conftest import Ear


def main(registry: str, ttl: str, *urls: str) -> None:
    """Hold the leases on all these hosts, say so, and sleep."""
    store = open_store(registry, lineage=lambda: "lineage")
    run = Run("kept", "2026-01-01T00:00:00.000Z", "f" * 64, "ann@ci-7")
    hosts = {HostName(f"host-{number}"): url for number, url in enumerate(urls)}
    with held(store, hosts, run, Terms(ttl=float(ttl)), SystemClock(), Ear()):
        print("held", flush=True)
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
