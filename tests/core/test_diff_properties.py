"""Sentences about the policy that hold for every combination of the three states."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.change import Action
from reconciler.core.decide import Policy, Prune
from reconciler.core.diff import diff, to_bring
from reconciler.core.names import ModelName
from reconciler.core.plan import make_plan
from reconciler.core.resolution import Pinned, steps_for
from reconciler.core.resource import Kind, Overlay
from reconciler.core.routes import Route, rerouted
from reconciler.core.state import DesiredState, Live, LiveState, Recorded, RecordedState, Unresolved
from reconciler.core.steps import Delete, Pull, written_names
from tests.core.builders import HERE, address, content, desired, digest, live_state, recorded, recorded_state
from tests.core.builders import live as live_model

NAMES = ("base", "child", "other", "Other:v2", "reg.example:5000/team/other")
SEEDS = ("x", "y", "hub")
SPECS = (content(system="1"), content(system="2"), content(manifest="1"), content(manifest="2"), content(base="1"))

policies = st.builds(Policy, st.sampled_from(Prune), st.booleans())


PULLED = "reg.example:5000/team/pulled"  # the hub's own name of what is pulled; a stranger's model may have it
PULL = Pull(ModelName.parse(PULLED), False, digest("hub"), ((digest("w"), 1),), (digest("hub"),))
OVERLAYS = (Overlay(), Overlay(system="s"))
OFFERED = Pinned("ref", (), 1, files=())


@st.composite
def worlds(draw):
    """Draw the three states, each address in any combination of them, and each entry in any stand to the lock."""
    entries, unresolved, models, records = [], [], [], []
    for name in NAMES:
        base = "base" if name == "child" else None
        want = desired(
            name,
            draw(st.sampled_from(SPECS)),
            base=base,
            protect=draw(st.booleans()),
            foretold=draw(st.sampled_from([(), (digest("hub"),), (digest("hub"), digest("y"))])),
        )
        before = replace(
            want, content=(spec := draw(st.sampled_from(SPECS))), fingerprint=desired("m", spec).fingerprint
        )
        match draw(st.sampled_from(["entry", "unresolved", "undeclared"])):
            case "entry":
                entries.append(draw(brought(want)))
            case "unresolved":
                reasons = ("why", "hint", HERE, want.base, draw(st.booleans()))
                unresolved.append(Unresolved(want.address, Kind.MODEL, *reasons))
            case _:
                pass
        if draw(st.booleans()):
            models.append(live_model(name, draw(st.sampled_from(SEEDS))))
        if draw(st.booleans()):
            records.append(recorded(before, draw(st.sampled_from(SEEDS))))
    if draw(st.booleans()):
        models.append(live_model(PULLED, draw(st.sampled_from(SEEDS))))
    return DesiredState(tuple(entries), tuple(unresolved)), live_state(*models), recorded_state(*records)


@st.composite
def brought(draw, want):
    """Draw how an entry is brought and how it stands to the lock: what is pulled comes by any route."""
    locked, offered, unchecked = draw(st.booleans()), draw(st.sampled_from([None, OFFERED])), draw(st.booleans())
    if "manifest" in dict(want.content):
        pinned = Pinned("ref", (), 1, pull=PULL)
        steps = steps_for(want.address.model, draw(st.sampled_from(OVERLAYS)), pinned, None, None, want.fingerprint)
        want = rerouted(replace(want, steps=steps), draw(st.sampled_from(Route)))
    return replace(want, locked=locked, offered=offered, unchecked="down" if unchecked else "")


def _declared(wanted: DesiredState):
    return {entry.address for entry in (*wanted.entries, *wanted.unresolved)}


@given(worlds(), policies)
def test_every_address_that_is_ours_or_wanted_gets_one_decision_and_no_other_gets_any(world, policy):
    wanted, live, records = world
    changes = diff(wanted, live, records, policy)
    addresses = [change.address for change in changes]
    assert addresses == sorted(_declared(wanted) | set(records.by_address))


@given(worlds(), policies)
def test_what_is_not_on_record_is_never_written_unless_told_to_adopt(world, policy):
    wanted, live, records = world
    for change in diff(wanted, live, records, policy):
        unknown = change.address in live.models and change.address not in records.by_address
        if unknown and not policy.adopt:
            assert change.address.model not in written_names(change.steps)
        if (there := live.models.get(address(PULLED))) is not None and there.digest not in PULL.foretold:
            assert ModelName.parse(PULLED) not in {step.name for step in change.steps if isinstance(step, Pull)}


@given(worlds(), policies)
def test_a_delete_hits_only_what_we_made_that_is_unchanged_undeclared_unprotected_and_only_if_pruning(world, policy):
    wanted, live, records = world
    declared = _declared(wanted)
    for change in diff(wanted, live, records, policy):
        deletes = any(isinstance(step, Delete) and step.name == change.address.model for step in change.steps)
        assert deletes == (change.action is Action.DELETE)
        if deletes:
            record = records.by_address[change.address]
            assert policy.prune is Prune.OWNED
            assert change.address not in declared
            assert change.address not in {entry.base for entry in (*wanted.entries, *wanted.unresolved)}
            assert live.models[change.address].digest == record.digest
            assert not record.protect


@given(worlds(), policies, st.sampled_from(["foretold", "wrongly foretold"]))
def test_applying_a_plan_leaves_an_empty_plan(world, policy, host):
    wanted, live, records = world
    first = diff(wanted, live, records, policy)
    live, records = _apply(first, live, records, host)
    second = diff(wanted, live, records, policy)
    assert not [change for change in second if change.pending]
    assert [c.address for c in second if c.action is Action.REFUSE] == [
        c.address for c in first if c.action is Action.REFUSE
    ]


@given(worlds(), policies)
def test_every_plan_is_safe_and_its_stages_hold_exactly_the_pending_changes(world, policy):
    wanted, live, records = world
    changes = diff(wanted, live, records, policy)
    plan = make_plan(changes, live, records, {})
    too_much = {"empty-prune", "delete-share"}  # limits are about how much, not about what
    assert {violation.check for violation in plan.violations} <= too_much
    assert sorted(c.address for stage in plan.stages for c in stage) == [c.address for c in plan.pending]


@given(worlds(), policies)
def test_how_things_stand_to_the_lock_and_to_upstream_decides_nothing(world, policy):
    wanted, live, records = world
    bare = tuple(replace(entry, locked=False, offered=None, unchecked="") for entry in wanted.entries)
    changes = diff(wanted, live, records, policy)
    others = diff(replace(wanted, entries=bare), live, records, policy)
    assert [(change.action, change.steps) for change in changes] == [(item.action, item.steps) for item in others]
    offered = {entry.address for entry in wanted.entries if entry.offered is not None}
    assert {change.address for change in changes if change.outdated} == offered


@given(worlds(), policies)
def test_what_is_written_had_to_be_brought_and_what_is_unresolved_is_left_alone(world, policy):
    wanted, live, records = world
    away = {entry.address for entry in to_bring(wanted, live, records, policy)}
    unresolved = {entry.address for entry in wanted.unresolved}
    for change in diff(wanted, live, records, policy):
        if change.action in {Action.CREATE, Action.UPDATE} and change.base is None:
            assert change.address in away
        if change.address in unresolved:
            assert (change.action, change.steps) == (Action.REFUSE, ())


@given(worlds(), policies)
def test_a_build_is_never_made_on_a_declared_base_that_is_refused(world, policy):
    decided = {str(change.address.model): change for change in diff(*world, policy)}
    base, child = decided.get("base:latest"), decided.get("child:latest")
    declared = base is not None and base.after is not None
    if declared and child and base.action is Action.REFUSE and child.after is not None:
        assert child.action not in {Action.CREATE, Action.UPDATE}


def _apply(changes, live: LiveState, records: RecordedState, host: str) -> tuple[LiveState, RecordedState]:
    """Do to the states what a perfect apply would do on a host that foretells digests rightly or not."""
    models, known = dict(live.models), records.by_address
    for change in changes:
        match change.action:
            case Action.CREATE | Action.UPDATE:
                after = change.after
                told = after.foretold[0] if after.foretold and host == "foretold" else None
                models[change.address] = Live(change.address, told or digest((host, after.fingerprint)), 1)
                known[change.address] = Recorded.of(after, models[change.address], None, "now")
            case Action.ADOPT:
                known[change.address] = Recorded.of(change.after, models[change.address], None, "now")
            case Action.DELETE:
                del models[change.address], known[change.address]
            case Action.FORGET:
                del known[change.address]
            case Action.NO_OP | Action.REFUSE:
                pass
    return live_state(*models.values()), recorded_state(*known.values())
