"""A process that wants the same lease as others: `python -m tests.registry.contender URL RUN COUNT MARKER`.

It takes the lease COUNT times and, while it has it, makes and removes a file that nobody else may have made.
With COUNT 0 it takes the lease for MARKER seconds, says so, and waits to be killed.
"""

import sys
import time
from pathlib import Path

from reconciler.errors import LeaseHeld
from reconciler.registry.store import open_store

RESOURCE = "http://gpu-01:11434"


def taken(store, name, ttl):
    """Return the lease as soon as it is free."""
    while True:
        try:
            return store.acquire(RESOURCE, name, f"ann@{name}", ttl)
        except LeaseHeld:
            time.sleep(0.003)


def main(url, name, count, marker):
    """Take turns with the others; ends with FileExistsError if two ever have the lease at once."""
    store = open_store(url, lineage=lambda: f"made-by-{name}")
    for _ in range(count):
        lease = taken(store, name, 30.0)
        marker.touch(exist_ok=False)
        time.sleep(0.002)
        marker.unlink()
        store.release(lease)
    if not count:
        taken(store, name, float(str(marker)))
        print("taken", flush=True)
        time.sleep(60)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
