"""Blobs on their way: read upstream once, sent to every host while they arrive, and begun anew where they break off."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event

import pytest

from reconciler.core.outcome import Status
from reconciler.core.steps import uploads_of
from tests.fakes.http_faults import Fault
from tests.fakes.ollama_server import FakeOllama
from tests.workflow.conftest import Ear, Site, _hubs, site_of
from tests.workflow.upstream import Upstream, change

SIZE = 3_000_000
WEIGHTS = b"GGUF" + Random(1).randbytes(SIZE - 4)


@dataclass
class Meeting(Ear):
    """Holds the download when half has arrived, until a host was sent some of it."""

    sent: Event = field(default_factory=Event)
    met: bool = True

    def bind(self, **facts: object) -> "Meeting":
        self.facts = {**self.facts, **facts}
        return self

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        if phase == "uploading":
            self.sent.set()
        elif done > SIZE / 2:
            self.met = self.sent.wait(10) and self.met


@pytest.fixture
def five(tmp_path: Path) -> Iterator[Upstream]:
    """Give a site with five hosts, whose models come from hubs that hosts can't pull from."""
    servers = {name: FakeOllama() for name in "abcde"}
    for server in servers.values():
        server.__enter__()
    try:
        with _hubs(site_of(tmp_path, servers), tmp_path) as made:
            made.oci.location = False
            yield made
    finally:
        for server in servers.values():
            server.__exit__(None, None, None)


def declared(upstream: Upstream) -> Site:
    upstream.publish(weights=WEIGHTS)
    upstream.declare()
    return upstream.site


def test_a_host_is_sent_what_has_arrived_before_the_rest_is_here(upstream: Upstream) -> None:
    upstream.oci.location = False
    site = declared(upstream)
    site.ear = Meeting()

    assert site.apply().good
    assert site.ear.met


def test_five_hosts_are_fed_from_one_download(five: Upstream) -> None:
    site = declared(five)
    plan = site.plan()
    before = five.oci.faults.sent
    result = site.apply(plan)

    assert result.good
    assert five.oci.faults.sent - before == sum(blob.size for blob in uploads_of(change(plan).steps))
    for server in site.servers.values():
        assert WEIGHTS in server.store.blobs.values()
    assert [outcome.moved for outcome in result.outcomes] == [five.oci.faults.sent - before] * 5


def test_a_hub_that_breaks_off_is_taken_up_again_within_the_same_upload(upstream: Upstream) -> None:
    upstream.oci.location = False
    site = declared(upstream)
    plan = site.plan()
    upstream.oci.faults.add(Fault("oci", path="blobs", cut_after=1_000_000, times=2))

    assert site.apply(plan).good
    assert len([item for item in site.servers["a"].calls() if item == "upload"]) == len(uploads_of(change(plan).steps))


def test_a_hub_that_is_lost_ends_the_upload_and_nothing_of_it_stays_on_the_host(upstream: Upstream) -> None:
    upstream.oci.location = False
    site = declared(upstream)
    plan = site.plan()
    upstream.oci.faults.add(Fault("oci", path="blobs", cut_after=1_000_000))
    upstream.oci.faults.add(Fault("oci", path="blobs", status=404, times=99))

    [outcome] = site.apply(plan).outcomes

    assert (outcome.status, "is not on" in outcome.message) == (Status.FAILED, True)
    assert WEIGHTS not in site.servers["a"].store.blobs.values()


def test_wrong_content_is_told_by_whoever_fetched_it_and_never_whole_on_a_host(upstream: Upstream) -> None:
    upstream.oci.location = False
    site = declared(upstream)
    plan = site.plan()
    upstream.oci.faults.add(Fault("oci", path="blobs", flip_at=5, times=99))

    [outcome] = site.apply(plan).outcomes

    assert outcome.message.startswith("what arrived is not")
    assert not site.servers["a"].store.blobs


def test_a_host_that_breaks_off_is_sent_it_again_from_what_is_here(upstream: Upstream) -> None:
    upstream.oci.location = False
    site = declared(upstream)
    plan = site.plan()
    upstream.oci.requests.clear()
    site.servers["a"].fail("upload", status=503, times=2)

    assert site.apply(plan).good
    asked = [item.path for item in upstream.oci.requests if "/blobs/" in item.path]
    assert len(asked) == len(set(asked)) == len(uploads_of(change(plan).steps))
