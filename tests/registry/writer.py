"""A process of its own that writes to a registry: `python -m tests.registry.writer URL RUN COUNT` (COUNT 0: for ever).

It prints the serial number of each model once the store says that it is saved.
"""

import itertools
import sys

from reconciler.registry.store import open_store
from tests.registry.entries import NOON, outcome, recorded, run


def main(url, name, count):
    """Save models m0, m1, … under one run."""
    store = open_store(url, lineage=lambda: f"made-by-{name}")
    store.begin(run(name))
    for number in itertools.count() if count == 0 else range(count):
        store.save(name, NOON, outcome(f"{name}-{number}"), recorded(f"{name}-{number}"))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    store.end(name, NOON, "succeeded")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
