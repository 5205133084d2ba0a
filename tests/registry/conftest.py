"""Every store under the same suite: a factory gives stores that share one registry, as two processes would."""

from itertools import count

import pytest

from reconciler.registry.store import open_store


@pytest.fixture(params=["sqlite"])
def open_one(request, tmp_path):
    """Return a function that opens the same, not yet existing, registry each time."""
    lineages = count(1)
    opened = []

    def store():
        assert request.param == "sqlite"
        made = open_store(f"sqlite://{tmp_path}/state/registry.db", lineage=lambda: f"lineage-{next(lineages)}")
        opened.append(made)
        return made

    yield store
    for made in opened:
        made.close()


@pytest.fixture
def store(open_one):
    return open_one()
