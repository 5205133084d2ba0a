"""Disk: what hosts hold and what a plan adds to it, as far as it can be known."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Change, Reason
from reconciler.core.disk import budgets, freed, rewritten
from reconciler.core.facts import FieldChange, facts
from reconciler.core.names import HostName, ModelName
from reconciler.core.plan import make_plan
from reconciler.core.resource import HostSpec
from reconciler.core.safety import Budget, Limits
from reconciler.core.state import LiveState, Observed, Unobserved
from reconciler.core.steps import Blob, Create, Upload
from tests.core.builders import HERE, HOST, address, desired, digest, live, live_state, recorded, recorded_state

FILE = digest("w")
STEPS = (Upload(Blob(FILE, 100, "gguf", ())), Create(ModelName.parse("m"), files=(("m.gguf", FILE),)))
NEW = Change(address("m"), Action.CREATE, (Reason.NEW,), steps=STEPS)
SPEC = HostSpec(HOST, "http://a", HERE, storage_budget=1000)


def held(*models, records=()):
    """Return what a host with these models is said to hold."""
    (budget,) = budgets([SPEC], live_state(*models), recorded_state(*records))
    assert (budget.host, budget.limit) == (HOST, 1000)
    return budget.held


def sized(name, seed, size, shown=None):
    return replace(live(name, seed, shown=shown), size=size)


def test_models_that_nobody_looked_at_count_whole():
    assert held() == 0
    assert held(sized("a", 1, 10), sized("b", 2, 20)) == 30


def test_one_model_under_two_names_counts_once():
    assert held(sized("a", 1, 10), sized("b", 1, 10)) == 10


def test_models_that_are_known_to_stand_on_the_same_weights_count_once_at_their_largest():
    same = facts({"weights": "w"})
    assert held(sized("a", 1, 10, same), sized("b", 2, 12, same), sized("c", 3, 5, facts({"weights": "v"}))) == 17
    known = [recorded(desired(name), seed, shown=same) for name, seed in (("a", 1), ("b", 2))]
    assert held(sized("a", 1, 10), sized("b", 2, 12), records=known) == 12
    assert held(sized("a", "changed since", 10), sized("b", 2, 12), records=known) == 22


def test_a_build_counts_with_the_base_that_it_is_recorded_to_stand_on_and_no_circle_lasts():
    on_a = replace(recorded(desired("b"), 2), base_digest=digest(1))
    assert held(sized("a", 1, 10), sized("b", 2, 12), records=[on_a]) == 12
    assert held(sized("a", "moved", 10), sized("b", 2, 12), records=[on_a]) == 22
    on_b = replace(recorded(desired("a"), 1), base_digest=digest(2))
    assert held(sized("a", 1, 10), sized("b", 2, 12), records=[on_a, on_b]) == 22


def test_only_observed_hosts_with_a_budget_have_one():
    silent = Unobserved(HostName("b"), "http://b", "down")
    state = LiveState((*live_state().hosts, silent, Observed(HostName("c"), "http://c", "0.9.3", ())))
    specs = [SPEC, replace(SPEC, name=HostName("b")), replace(SPEC, name=HostName("c"), storage_budget=None)]
    assert budgets(specs, state, recorded_state()) == (Budget(HOST, 1000, 0),)


def changed(path):
    return (FieldChange(path, "old", "new"),)


UPDATE = replace(NEW, action=Action.UPDATE)
OTHER = digest("other")
BOTH = (STEPS[0], Upload(Blob(OTHER, 7, "gguf", ())))
CONVERTING = Create(ModelName.parse("m"), files=(("config.json", OTHER), ("model.safetensors", FILE)))
COPIES = {
    "an import": (NEW, "0.30.0", 100),
    "an import on an older host": (NEW, "0.24.0", 0),
    "an import on a host of no known version": (NEW, "0.0.0", 0),
    "other weights": (replace(UPDATE, fields=changed("weights")), "0.30.0", 100),
    "weights that somebody changed": (replace(UPDATE, drift=changed("weights")), "0.30.0", 100),
    "weights that are no longer quantised": (replace(UPDATE, fields=changed("quantize")), "0.30.0", 100),
    "another prompt on the same weights": (replace(UPDATE, fields=changed("system")), "0.30.0", 0),
    "what is quantised": (
        replace(NEW, steps=(STEPS[0], Create(ModelName.parse("m"), files=(("m", FILE),), quantize="Q8_0"))),
        "0.30.0",
        0,
    ),
    "a projector": (
        replace(NEW, steps=(*BOTH, Create(ModelName.parse("m"), files=(("m.gguf", FILE), ("p.gguf", OTHER))))),
        "0.30.0",
        100,
    ),
    "what is converted": (replace(NEW, steps=(*BOTH, CONVERTING)), "0.9.3", 107),
    "what is converted and quantised": (
        replace(NEW, steps=(*BOTH, replace(CONVERTING, quantize="Q8_0"))),
        "0.9.3",
        107,
    ),
    "a build": (replace(NEW, steps=(Create(ModelName.parse("m"), ModelName.parse("b")),)), "0.30.0", 0),
    "a delete": (replace(NEW, action=Action.DELETE, steps=()), "0.30.0", 0),
}


@pytest.mark.parametrize(("change", "version", "size"), COPIES.values(), ids=COPIES)
def test_hosts_make_a_second_copy_of_what_they_convert_and_newer_ones_of_all_that_they_import(change, version, size):
    assert sum(rewritten(change, version).values()) == size


def newer(*models):
    return LiveState((Observed(HOST, "http://a", "0.30.0", models),))


def test_a_plan_counts_a_second_copy_once_and_not_as_transfer():
    twin = replace(NEW, address=address("n"))
    plan = make_plan([NEW, twin], newer(), recorded_state(), {})
    assert [(cost.transfer, cost.disk) for _, cost in plan.costs] == [(100, 200), (0, 0)]
    there = make_plan([NEW], newer(), recorded_state(), {HOST: frozenset({FILE})})
    assert (there.total.transfer, there.total.disk) == (0, 100)


OVER = (
    "its models have 850 bytes, 200 more would come before anything is deleted, and its storageBudget is 1049"
    " (layers that models share are counted once only where it is known that they do)"
)


@pytest.mark.parametrize(("limit", "told"), [(1049, [OVER]), (1050, [])])
def test_a_plan_beyond_the_budget_of_a_host_is_unsafe(limit, told):
    elsewhere = Budget(HostName("b"), 0, 10)
    limits = Limits(storage=(Budget(HOST, limit, 850), elsewhere))
    plan = make_plan([NEW], newer(), recorded_state(), {}, limits)
    assert [(found.where, found.message) for found in plan.violations] == [("host a", text) for text in told]


def test_what_is_deleted_makes_no_place_and_a_full_host_may_be_emptied():
    mine = [replace(NEW, address=address(name), action=Action.DELETE, steps=()) for name in ("d", "e")]
    models = [sized("d", 1, 600), sized("e", 2, 600), sized("k", 3, 600)]
    limits = Limits(storage=(Budget(HOST, 1000, 1800),), delete_share=1.0)
    kept = replace(NEW, address=address("k"), action=Action.NO_OP, steps=(), after=desired("k"))
    records = recorded_state()
    emptied = make_plan([*mine, kept], newer(*models), records, {}, limits)
    assert emptied.violations == ()
    swapped = make_plan([*mine, replace(NEW, after=desired("m"))], newer(*models), records, {}, limits)
    assert [found.check for found in swapped.violations] == ["storage-budget"]


def gone(name):
    return Change(address(name), Action.DELETE, (Reason.NOT_DECLARED,))


SAME = facts({"weights": str(FILE)})


@pytest.mark.parametrize(
    ("changes", "bytes_"),
    [
        ([gone("a")], {"a": 0}),
        ([gone("b")], {"b": 2}),
        ([gone("b"), gone("a")], {"b": 2, "a": 110}),
        ([gone("a"), gone("b")], {"a": 0, "b": 112}),
        ([NEW, gone("b"), gone("a")], {"b": 2, "a": 10}),
        ([gone("other")], {"other": 7}),
        ([NEW], {}),
    ],
)
def test_a_delete_frees_nothing_that_another_model_is_known_to_stand_on(changes, bytes_):
    on_a = replace(recorded(desired("b"), 2), base_digest=digest(1))
    there = live_state(sized("a", 1, 110, SAME), sized("b", 2, 112), sized("other", 3, 7))
    found = freed(changes, there, recorded_state(on_a))
    assert found == {address(name): count for name, count in bytes_.items()}


def test_what_another_host_needs_frees_and_keeps_nothing_here():
    far = replace(NEW, address=replace(NEW.address, host=HostName("far")))
    assert freed([far, gone("a")], live_state(sized("a", 1, 110, SAME)), recorded_state()) == {address("a"): 110}
    plan = make_plan(
        [NEW, gone("a")], live_state(sized("a", 1, 110, SAME)), recorded_state(), {HOST: frozenset({FILE})}
    )
    assert plan.total.disk == -10
