"""Every store under the same suite: a factory gives stores that share one registry, as two processes would."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import psycopg
import pytest

from reconciler.registry.store import open_store
from tests.parts.missing import without
from tests.parts.postgres import RealPostgres, available

NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[RealPostgres]:
    """Give one real PostgreSQL server for the whole run."""
    if reason := available():
        without(reason)
    with RealPostgres() as server:
        yield server


@pytest.fixture
def database(postgres) -> str:
    """Return the address of a database that nobody has used yet."""
    name = f"registry{next(NUMBERS)}"
    with closing(psycopg.connect(postgres.url(), autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.url(name)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path) -> str:
    """Return the address of a registry that does not exist yet, of each kind in turn."""
    return request.getfixturevalue("database") if request.param == "postgres" else f"sqlite://{tmp_path}/registry.db"


@pytest.fixture
def open_one(url) -> Iterator[Callable[[], object]]:
    """Return a function that opens the same, not yet existing, registry each time."""
    lineages = count(1)
    opened = []

    def store():
        made = open_store(url, lineage=lambda: f"lineage-{next(lineages)}")
        opened.append(made)
        return made

    yield store
    for made in opened:
        made.close()


@pytest.fixture
def store(open_one):
    return open_one()
