"""`doctor` compares what is on record with what is on the hosts, and says what nobody is at work on any more."""

import hashlib
import sqlite3

import pytest

from reconciler.core.names import ModelName
from reconciler.registry.store import open_store
from reconciler.workflow.leases import server
from tests.cli.findings import one
from tests.fakes._ollama_store import full_name
from tests.manifests import host as declare_host
from tests.manifests import model
from tests.registry.entries import NOON, address, run


def test_content_that_a_host_lost_is_found_though_no_plan_sees_it(reconciler, doctor, folder, host):
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    weights = max(host.store.blobs, key=lambda digest: len(host.store.blobs[digest]))
    del host.store.blobs[weights]
    assert reconciler("plan", "--detailed-exitcode").status == 0
    status, found = doctor()
    assert status == 1
    one(
        found,
        "error",
        "default",
        "tiny:latest is listed as we left it, and its content is gone",
        "ollama rm tiny:latest",
    )
    host.fail("has_blob", times=99, status=500, body="broken")
    one(doctor()[1], "error", "default", "HTTP 500", "")


def test_a_real_host_that_lost_content_is_found(reconciler, doctor, folder, ollama, unique, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    model(folder, unique, seed=4711)
    assert reconciler("apply", "--auto-approve").status == 0
    assert doctor() == (0, [])
    digest = hashlib.sha256((folder / f"{unique}.gguf").read_bytes()).hexdigest()
    (ollama.store / "blobs" / f"sha256-{digest}").unlink()
    status, found = doctor()
    assert status == 1
    one(found, "error", "default", f"its content is gone from the disk: blob {digest[:12]}", f"`ollama rm {unique}")


STAGING = "reconciler-staging/0123456789abcdef01234567:latest"


def test_temporary_models_are_told_unless_a_run_is_working_there(reconciler, doctor, folder, host, registry_file):
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    host.store.manifests[full_name(STAGING)] = host.store.manifests[full_name("tiny")]
    one(doctor()[1], "warning", "default", f"{STAGING} is a temporary name, and no run", f"`ollama rm {STAGING}`")
    store = open_store(f"sqlite://{registry_file}", lineage=lambda: "lineage")
    store.begin(run("run-1"))
    store.start("run-1", NOON, address("tiny", "default"), [ModelName.parse(STAGING)])
    lease = store.acquire(server(host.url), "run-1", "ann@desk", 60.0)
    status, found = doctor()
    assert (status, len(found)) == (0, 1)  # the rest is the business of a run that lives
    one(found, "warning", host.url, "ann@desk writes to it since", "--lease-timeout")
    store.release(lease)
    store.close()
    _, found = doctor()
    one(found, "warning", "run-1", "by ann@desk, and died", "clears up")
    one(found, "warning", "default", f"{STAGING} was left behind by run run-1, which died", "`apply` removes it")


def test_a_registry_of_another_version_is_told_and_left_as_it_is(doctor, folder, host, registry_file):
    store = open_store(f"sqlite://{registry_file}", lineage=lambda: "lineage")
    store.begin(run())
    store.close()
    for version, grade, words in ((1, "warning", "version 1 of"), (99, "error", "version 99, and this program knows")):
        with sqlite3.connect(registry_file) as connection:
            connection.execute("UPDATE meta SET version = ?", (version,))
        connection.close()
        before = registry_file.read_bytes()
        one(doctor()[1], grade, str(registry_file), words, "")
        assert registry_file.read_bytes() == before


def test_records_of_hosts_that_nobody_declares_are_told(reconciler, doctor, folder, host):
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    declare_host(folder, "gpu", host.url)
    one(doctor()[1], "warning", "default", "1 model is on record for host default", "forget --host default")
    (folder / "tiny.yaml").write_text("nonsense")
    assert [item["area"] for item in doctor()[1]] == ["manifests"]  # and so it is not known who declares what


def test_a_registry_that_lost_a_table_hides_nothing_else(reconciler, doctor, folder, host, registry_file):
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    with sqlite3.connect(registry_file) as connection:
        connection.execute("DROP TABLE journal")
    connection.close()
    status, found = doctor()
    assert (status, [item["area"] for item in found]) == (1, ["registry"])
    one(found, "error", str(registry_file), "no such table: journal", "")
    assert "host" not in found[0]["message"]


def test_a_registry_that_is_damaged_anywhere_is_told_and_never_a_traceback(
    reconciler, doctor, folder, host, registry_file
):
    for seed, name in enumerate(("a", "b", "c")):
        model(folder, name, seed=seed)
    assert reconciler("apply", "--auto-approve").status == 0
    sound = registry_file.read_bytes()
    size = int.from_bytes(sound[16:18], "big")  # of a page, as SQLite keeps it
    told = 0
    for start in range(size, len(sound), size):
        registry_file.write_bytes(sound[:start] + b"\xff" * size + sound[start + size :])
        status, found = doctor()
        assert {item["area"] for item in found} <= {"registry"}
        told += status
    assert told >= 3
    assert {item["about"] for item in found} <= {str(registry_file)}


@pytest.mark.parametrize(
    "content", ["no certificate", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_certificate_file_that_is_none_is_told(doctor, folder, content):
    (folder / "ca.pem").write_text(content)
    declare_host(folder, "gpu", "https://127.0.0.1:9", "tls: {caFile: ca.pem}")
    status, found = doctor()
    assert (status, [item["about"] for item in found]) == (1, ["gpu"])
