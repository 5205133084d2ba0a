"""A plan made from a snapshot is the plan made from the hosts, whatever is on them, declared and on record."""

from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.change import Action, Reason
from reconciler.core.decide import Policy, Prune
from reconciler.core.facts import Facts
from reconciler.core.names import HostName, ModelName
from reconciler.core.plan import Plan
from reconciler.core.snapshot import Snapshot
from reconciler.core.state import Observed, Unobserved
from reconciler.core.steps import Create, Upload
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.hosts.snapshot_host import SnapshotHost
from reconciler.ports import Host
from reconciler.transport import Http
from reconciler.workflow.propose import propose
from reconciler.workflow.selection import Selection
from reconciler.workflow.snapshot import take
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import quiet
from tests.manifests import host as declare_host
from tests.manifests import model, tune
from tests.workflow.conftest import FixedClock, Site, site_of
from tests.workflow.upstream import Upstream, change, told

NAMES = ("one", "two", "three")
NOW = FixedClock()


def taken(site: Site, plan: Plan | None = None) -> Snapshot:
    world = site.world()
    return take(plan or site.plan(), world.hosts, world.recorded, NOW)


def planned(site: Site, snapshot: Snapshot, policy: Policy = Policy()) -> Plan:
    """Return the plan that is made from a snapshot, by people whose registry is elsewhere."""
    seen = {sight.host.host: sight for sight in snapshot.sights}
    hosts = {name: SnapshotHost(s.host, s) for name, s in seen.items() if isinstance(s.host, Observed)}
    silent = tuple(sight.host for sight in seen.values() if isinstance(sight.host, Unobserved))
    world = replace(site.world(), hosts=hosts, silent=silent, recorded=snapshot.recorded)
    return propose(site.manifests, world, Selection(), policy)


def _set_up(site: Site, draw: st.DataObject) -> None:
    """Declare, apply, change behind our back, and declare anew: by chance."""
    declare_host(site.folder, "a", site.servers["a"].url)
    names = draw.draw(st.sets(st.sampled_from(NAMES)), "declared")
    for name in names:
        model(site.folder, name, seed=draw.draw(st.integers(0, 2), f"seed of {name}"))
    if names and draw.draw(st.booleans(), "a build"):
        tune(site.folder, "bot", draw.draw(st.sampled_from(sorted(names)), "base"))
    if draw.draw(st.booleans(), "applied"):
        site.apply()
    host = site.world().hosts[HostName("a")]
    for live in host.models():
        _by_hand(host, live.address.model, draw)
    for path in sorted(site.folder.glob("*.yaml")):
        if not path.stem.startswith("host"):
            _edited(path, draw)


def _by_hand(host: Host, name: ModelName, draw: st.DataObject) -> None:
    done = draw.draw(st.sampled_from(["nothing", "deleted", "replaced", "copied"]), f"done to {name}")
    if done == "deleted":
        host.delete(name)
    elif done == "replaced":
        host.create(Create(name, base=name, system=draw.draw(st.sampled_from(["x", "y"]), "system")), quiet)
    elif done == "copied":
        host.copy(name, ModelName.parse(f"{name.model}-copy"))


def _edited(path: Path, draw: st.DataObject) -> None:
    done = draw.draw(st.sampled_from(["nothing", "removed", "changed"]), f"done to {path.name}")
    if done == "removed":
        path.unlink()
    elif done == "changed":
        path.write_text(path.read_text() + "  parameters: {seed: 7}\n")


@settings(max_examples=25)
@given(st.data(), st.sampled_from(Prune), st.booleans(), st.sampled_from(["0.9.3", "0.31.0"]))
def test_the_plan_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, draw: st.DataObject, prune: Prune, adopt: bool, version: str
) -> None:
    with FakeOllama(version) as server:
        site = site_of(tmp_path_factory.mktemp("site"), {"a": server})
        try:
            _set_up(site, draw)
            policy = Policy(prune, adopt)
            assert planned(site, taken(site), policy) == site.plan(policy=policy)
        finally:
            site.store.close()


def test_nothing_is_read_twice_and_everything_is_shown(site: Site) -> None:
    model(site.folder, "one", more="system: x")
    site.apply()
    model(site.folder, "two", seed=1)
    plan = site.plan()
    site.servers["a"].seen.clear()
    (sight,) = taken(site, plan).sights
    assert isinstance(sight.host, Observed)
    assert all(live.facts for live in sight.host.models)
    assert sorted(there for _, there in sight.blobs) == [False, True]
    assert [call for call in site.servers["a"].calls() if call != "has_blob"] == ["tags", "show", "version", "ps"]


def test_what_is_in_memory_is_spared_as_on_the_host(site: Site) -> None:
    for seed, name in enumerate(("one", "two", "three")):
        model(site.folder, name, seed=seed)
    site.apply()
    (site.folder / "one.yaml").unlink()
    prune = Policy(Prune.OWNED)
    assert [item.action for item in planned(site, taken(site), prune).pending] == [Action.DELETE]
    site.servers["a"].loaded.append("one:latest")
    found = planned(site, taken(site), prune)
    assert (found.pending, found) == ((), site.plan(policy=prune))


def test_a_host_that_falls_silent_is_unobserved_and_the_others_are_seen(two: Site) -> None:
    model(two.folder)
    plan = two.plan()
    two.servers["b"].fail("tags", status=500, times=9)
    first, second = taken(two, plan).sights
    assert (type(first.host), type(second.host)) == (Observed, Unobserved)
    found = planned(two, taken(two, plan))
    assert (found.complete, [host.host for host in found.unobserved]) == (False, ["b"])


def test_a_model_that_its_host_cannot_show_stays_unknown(site: Site) -> None:
    model(site.folder)
    site.apply()
    site.servers["a"].fail("show", status=400, body='{"error": "no"}')
    (sight,) = taken(site).sights
    assert isinstance(sight.host, Observed)
    assert [live.facts for live in sight.host.models] == [None]


def test_what_upstream_lost_and_nobody_asked_the_host_for_is_not_known(moved: Upstream) -> None:
    """Locked, gone upstream, and the snapshot does not tell whether the host has it: neither had nor refused."""
    snapshot = taken(moved.site)
    sights = tuple(replace(sight, blobs=()) for sight in snapshot.sights)
    moved.lose("locked")
    plan = planned(moved.site, replace(snapshot, sights=sights))
    assert told(plan) == {"a/m": (Action.REFUSE, (Reason.UNRESOLVED,))}
    assert "can't be had upstream, and the snapshot does not tell whether a has the blob" in change(plan).note
    assert planned(moved.site, snapshot).complete is False


def test_what_has_to_be_moved_is_told_as_the_most_where_the_snapshot_lacks_the_answer(site: Site) -> None:
    model(site.folder)
    snapshot = taken(site)
    (sight,) = snapshot.sights
    exact = planned(site, snapshot)
    doubtful = planned(site, replace(snapshot, sights=(replace(sight, blobs=()),)))
    assert (exact.total.at_most, doubtful.total) == (False, replace(exact.total, at_most=True))


def test_a_live_host_that_cannot_say_whether_it_has_a_blob_makes_the_costs_doubtful(site: Site) -> None:
    model(site.folder)
    site.servers["a"].fail("has_blob", status=500, times=9)
    assert site.plan().total.at_most


@pytest.mark.parametrize("asked", [True, False])
def test_a_blob_that_a_model_is_shown_to_consist_of_is_there(site: Site, asked: bool) -> None:
    model(site.folder, "m")
    site.apply()
    plan = site.plan()
    (sight,) = taken(site, plan if asked else replace(plan, changes=())).sights
    assert isinstance(sight.host, Observed)
    (blob,) = {step.blob for step in change(plan).after.steps if isinstance(step, Upload)}
    assert (len(sight.blobs), SnapshotHost(sight.host, sight).has_blob(blob.digest)) == (int(asked), True)


class SideBySide(OllamaHost):
    """A host that shows a model only while it is asked for three others."""

    together = Barrier(4, timeout=30)

    def show(self, name: ModelName) -> Facts:
        """Return what it consists of; raises BrokenBarrierError where nobody else asks."""
        self.together.wait()
        return super().show(name)


def test_a_snapshot_is_taken_of_several_models_at_once(tmp_path: Path) -> None:
    with FakeOllama() as server:
        site = site_of(tmp_path, {"a": server})
        declare_host(site.folder, "a", server.url)
        for seed in range(8):
            model(site.folder, f"m{seed}", seed=seed)
        site.apply()
        host = SideBySide(HostName("a"), server.url, Http())
        snapshot = take(site.plan(), {host.name: host}, site.world().recorded, NOW)
        (sight,) = snapshot.sights
        assert isinstance(sight.host, Observed)
        assert [live.facts is not None for live in sight.host.models] == [True] * 8
