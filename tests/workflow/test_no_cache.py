"""Downloads that touch no disk of ours: read upstream once for all hosts, and begun anew where a host broke off."""

import os
from pathlib import Path

import pytest

from reconciler.core.outcome import Status
from reconciler.core.steps import uploads_of
from reconciler.sources._files.pieces import PASSING
from tests.fakes.http_faults import Fault
from tests.manifests import model
from tests.workflow.conftest import Site
from tests.workflow.test_parts import declare, parts  # noqa: F401 -- a fixture
from tests.workflow.test_transfer import WEIGHTS, declared, five  # noqa: F401 -- a fixture
from tests.workflow.upstream import Upstream, change


def written(site: Site) -> set[str]:
    """Return every file of ours, but for manifests, what hubs serve, records and small answers."""
    place = site.folder.parent
    found = {str(Path(folder, name).relative_to(place)) for folder, _, names in os.walk(place) for name in names}
    return {name for name in found if not name.startswith(("manifests/", "layers/", "hub/", "registry.db", "cache/"))}


def large(upstream: Upstream) -> bytes:
    """Publish and declare what takes several pieces; return its weights."""
    weights = b"GGUF" + os.urandom(5 * PASSING)
    upstream.oci.location = False
    upstream.publish(weights=weights)
    upstream.declare()
    upstream.site.passing = True
    return weights


def test_five_hosts_are_fed_from_one_download_and_nothing_is_written(five: Upstream) -> None:  # noqa: F811
    weights = large(five)
    plan = five.site.plan()
    before = five.oci.faults.sent

    assert five.site.apply(plan).good

    assert five.oci.faults.sent - before == sum(blob.size for blob in uploads_of(change(plan).steps))
    assert all(weights in server.store.blobs.values() for server in five.site.servers.values())
    assert written(five.site) == set()
    assert five.site.in_sync()


def test_hosts_that_want_the_same_in_another_order_do_not_wait_for_each_other(five: Upstream) -> None:  # noqa: F811
    five.publish("x", weights=WEIGHTS)
    five.publish("y", weights=WEIGHTS[::-1])
    for model_of, name in (("x", "one"), ("y", "two"), ("x", "three")):
        five.declare(name, model_of)
    five.site.passing = True
    first = five.site.servers["a"]
    first.store.put(WEIGHTS)

    assert five.site.apply().good
    assert written(five.site) == set()


def test_a_hub_that_breaks_off_is_taken_up_again_where_it_stopped(upstream: Upstream) -> None:
    weights = large(upstream)
    plan = upstream.site.plan()
    upstream.oci.faults.add(Fault("oci", path="blobs", cut_after=1_000_000, times=3))

    assert upstream.site.apply(plan).good
    assert weights in upstream.site.servers["a"].store.blobs.values()
    assert upstream.oci.faults.sent < 1.5 * len(weights)
    assert written(upstream.site) == set()


def test_a_host_that_breaks_off_has_it_fetched_anew_and_the_others_have_it(five: Upstream) -> None:  # noqa: F811
    weights = large(five)
    plan = five.site.plan()
    five.site.servers["b"].fail("upload", status=503, times=2)

    assert five.site.apply(plan).good
    assert all(weights in server.store.blobs.values() for server in five.site.servers.values())
    assert written(five.site) == set()


def test_a_host_that_is_gone_leaves_the_others_as_they_are(five: Upstream) -> None:  # noqa: F811
    weights = large(five)
    plan = five.site.plan()
    five.site.servers["c"].fail("has_blob", status=500, times=99)

    result = five.site.apply(plan)

    assert [outcome.address.host for outcome in result.outcomes if outcome.status is Status.FAILED] == ["c"]
    assert sum(weights in server.store.blobs.values() for server in five.site.servers.values()) == 4


@pytest.mark.parametrize("fault", [{"flip_at": 5}, {"ignore_range": True}, {"status": 404}])
def test_trouble_upstream_is_told_as_always(upstream: Upstream, fault: dict[str, int]) -> None:
    weights = large(upstream)
    plan = upstream.site.plan()
    upstream.oci.faults.add(Fault("oci", path="blobs", times=99, **fault))  # type: ignore[arg-type]

    [outcome] = upstream.site.apply(plan).outcomes

    good = "ignore_range" in fault
    assert outcome.status is (Status.APPLIED if good else Status.FAILED)
    assert good or "what arrived is not" in outcome.message or "is not on" in outcome.message
    assert (weights in upstream.site.servers["a"].store.blobs.values()) is good
    assert written(upstream.site) == set()


def test_a_wish_to_stop_ends_it(upstream: Upstream) -> None:
    large(upstream)
    plan = upstream.site.plan()
    upstream.oci.faults.add(Fault("oci", path="blobs", stall_after=1_000_000, times=99))
    stop = upstream.site.stop

    class Ear(type(upstream.site.ear)):  # type: ignore[misc]
        def progress(self, *_: object) -> None:
            stop.set()

    upstream.site.ear = Ear()
    upstream.site.ear.bind = lambda **_: upstream.site.ear
    [outcome] = upstream.site.apply(plan).outcomes
    assert outcome.status is Status.SKIPPED


def test_files_of_this_machine_are_sent_from_where_they_are(site: Site) -> None:
    model(site.folder, "here")
    site.passing = True
    assert site.apply().good
    assert written(site) == set()


def test_parts_that_would_have_to_be_merged_here_are_refused_with_a_way_out(
    upstream_of_two: Upstream,
    parts: list[Path],  # noqa: F811
) -> None:
    site = upstream_of_two.site
    site.passing = True
    site.servers["b"].version_text = "0.30.1"
    site.servers["b"].store.version = (0, 30, 1)
    declare(upstream_of_two, parts)

    merging, passing_on = site.apply().outcomes

    assert "its 3 parts are merged on this machine" in merging.message
    assert "without --no-cache" in merging.hint
    assert passing_on.status is Status.APPLIED
    assert written(site) == {path.name for path in parts} | {"m-F16.gguf"}
