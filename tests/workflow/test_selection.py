"""Selecting a part of the whole: targets bring what they are built on, and nothing else."""

from reconciler.core.names import HostName, ModelName
from reconciler.core.resource import HostSpec, Kind, Manifests, Resource
from reconciler.core.state import Unobserved
from reconciler.workflow.selection import Selection
from tests.core.builders import HERE, HOST, desired, live, live_state, recorded, recorded_state

NAMES = {name: ModelName.parse(name) for name in ("base", "build", "top", "other")}


def _tune(name: str, base: str) -> Resource:
    return Resource(Kind.FINE_TUNE, NAMES[name], HERE, base=NAMES[base])


RESOURCES = (
    Resource(Kind.MODEL, NAMES["base"], HERE),
    _tune("build", "base"),
    _tune("top", "build"),
    Resource(Kind.MODEL, NAMES["other"], HERE),
)
A, B = HostSpec(HOST, "http://a", HERE), HostSpec(HostName("b"), "http://b", HERE)


def test_no_selection_is_everything():
    everything = Manifests(RESOURCES, (A, B))
    assert Selection().with_bases(RESOURCES).of_manifests(everything) == everything


def test_a_target_brings_the_chain_that_it_is_built_on():
    chosen = Selection(frozenset({NAMES["top"]})).with_bases(RESOURCES)
    assert chosen.targets == {NAMES["top"], NAMES["build"], NAMES["base"]}


def test_a_circle_of_bases_ends():
    circle = (_tune("build", "top"), _tune("top", "build"))
    assert Selection(frozenset({NAMES["top"]})).with_bases(circle).targets == {NAMES["top"], NAMES["build"]}


def test_manifests_records_and_hosts_are_all_cut_to_the_selection():
    chosen = Selection(frozenset({NAMES["other"]}), frozenset({HOST}))
    assert chosen.of_manifests(Manifests(RESOURCES, (A, B))) == Manifests(RESOURCES[3:], (A,))
    records = recorded_state(*(recorded(desired(name, host=host)) for name in ("other", "base") for host in ("a", "b")))
    assert [str(item.address) for item in chosen.of_records(records).records] == ["a/other:latest"]
    (host,) = live_state(live("other"), live("base")).hosts
    assert [str(item.address) for item in chosen.of_host(host).models] == ["a/other:latest"]


def test_a_silent_host_stays_silent_whatever_is_selected():
    silent = Unobserved(HOST, "http://a", "down")
    assert Selection(frozenset({NAMES["other"]})).of_host(silent) is silent
