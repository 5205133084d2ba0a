"""What a registry says to a user who may not read or write it."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from reconciler.registry.sql_store import SqlStore
from reconciler.registry.sqlite_file import SqliteFile
from tests.registry.entries import NOON, outcome, recorded, run

PROBE = """
import os, sys, tempfile
from pathlib import Path
from reconciler.errors import RegistryUnavailable
from reconciler.registry.sql_store import SqlStore
from reconciler.registry.sqlite_file import SqliteFile
from tests.registry.entries import run

if os.geteuid() == 0:  # root may do everything, so become somebody else
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
store = SqlStore(SqliteFile(Path(sys.argv[1]), lambda: "lineage"))
for act in (store.read, lambda: store.begin(run("r9"))):
    try:
        found = act()
        print("done" if found is None else f"{len(found.records)} records")
    except RegistryUnavailable as error:
        print("hint" if error.hint and error.where == sys.argv[1] else "no hint")
"""


def told(path):
    """Return what a process that is not root says when it reads and when it begins a run."""
    command = [sys.executable, "-c", PROBE, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


@pytest.fixture
def registry():
    """Return the path of a registry with one record, in a folder that other users reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "state", "registry.db")
        fill(path)
        yield path
        path.parent.chmod(0o755)


def fill(path):
    store = SqlStore(SqliteFile(path, lambda: "lineage"))
    store.begin(run())
    store.save("r1", NOON, outcome(), recorded())
    store.close()


def test_a_read_only_registry_can_be_read_and_says_so_when_written(registry):
    registry.chmod(0o444)
    registry.parent.chmod(0o555)
    assert told(registry) == ["1 records", "hint"]


def test_a_registry_that_may_not_be_read_says_so(registry):
    registry.chmod(0o000)
    assert told(registry) == ["hint", "hint"]


def test_a_folder_that_may_not_be_looked_into_is_not_an_empty_registry(registry):
    registry.parent.chmod(0o000)
    assert told(registry) == ["hint", "hint"]


def test_a_folder_that_may_not_be_written_makes_no_registry(registry):
    registry.unlink()
    registry.parent.chmod(0o555)
    assert told(registry) == ["0 records", "hint"]
