"""Many writers at once: nothing is lost, and the serial counts every write."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from reconciler.registry.store import open_store
from tests.registry.entries import NOON, outcome, recorded, run


def test_threads_share_one_store(store):
    store.begin(run())

    def save(number):
        host = f"host-{number % 8}"
        store.save("r1", NOON, outcome(f"m{number}", host), recorded(f"m{number}", host))
        return store.read().serial

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(save, range(80)))
    found = store.read()
    assert found.serial == 81
    assert len(found.records) == 80
    assert len(store.events(limit=1000)) == 80
    assert max(seen) == 81


def test_threads_with_stores_of_their_own_make_one_registry(open_one):
    stores = [open_one() for _ in range(6)]

    def begin(number):
        stores[number].begin(run(f"r{number}"))
        return stores[number].read().lineage

    with ThreadPoolExecutor(6) as pool:
        lineages = set(pool.map(begin, range(6)))
    assert len(lineages) == 1
    assert {item.id for item in stores[0].runs(9)} == {f"r{number}" for number in range(6)}


def test_two_processes_write_to_one_registry(url, tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-m", "tests.registry.writer", url, name, "40"], stdout=subprocess.DEVNULL)
        for name in ("one", "two")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store = open_store(url, lineage=lambda: "unused")
    found = store.read()
    assert found.lineage in {"made-by-one", "made-by-two"}
    assert found.serial == 84
    assert len(found.records) == 80
    assert {item.status for item in store.runs(9)} == {"succeeded"}
    store.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"registry.db"}
