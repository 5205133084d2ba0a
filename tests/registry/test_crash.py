"""A writer that is killed in the middle leaves a true history."""

import subprocess
import sys
import time

import pytest

from reconciler.registry.store import open_store
from tests.registry.entries import NOON, outcome, recorded, run


@pytest.mark.parametrize("after", [0.0, 0.013, 0.031])
def test_kill_in_mid_write_loses_nothing_that_was_saved(url, after):
    command = [sys.executable, "-m", "tests.registry.writer", url, "r1", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(20):
            writer.stdout.readline()
        time.sleep(after)
        writer.kill()
        said = 20 + sum(line.endswith("\n") for line in writer.stdout)

    store = open_store(url, lineage=lambda: "unused")
    found, events = store.read(), store.events(limit=10_000)
    assert len(events) in {said, said + 1}  # killed after saving, before saying so
    assert {record.address for record in found.records} == {event.outcome.address for event in events}
    assert found.serial == 1 + len(events)
    (unended,) = store.runs(9)
    assert (unended.status, unended.ended_at) == ("running", None)

    store.begin(run("r2"))
    store.save("r2", NOON, outcome("next"), recorded("next"))
    assert store.read().serial == found.serial + 2
    store.close()
