"""Tests of models in plans: no part of what a model is, and due until they pass."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.decide import decide
from reconciler.core.diff import diff
from reconciler.core.expand import expand
from reconciler.core.names import HostName
from reconciler.core.plan import make_plan
from reconciler.core.resolution import Pinned
from reconciler.core.resource import HostSpec, Kind, ModelTest, Resource, SourceRef
from reconciler.core.state import Desired, DesiredState, Recorded
from tests.core.builders import HERE, content, desired, digest, live, live_state, recorded, recorded_state

A, R = Action, Reason
ASKED = ModelTest("2+2=", "4")
SAME, OTHER = desired(spec=content(system="same")), desired(spec=content(system="other"))
HUB = desired(spec=content(manifest="2"), foretold=(digest("hub"),))
HUB_BEFORE = desired(spec=content(manifest="1"))
SHOWN = content(system="as it was")


def asks(entry: Desired, test: ModelTest | None = ASKED) -> Desired:
    return replace(entry, test=test)


def due(record: Recorded) -> Recorded:
    return replace(record, untested=True)


TABLE = [
    # desired                 live                              recorded                          action     reasons
    (asks(SAME), live(), recorded(SAME), A.NO_OP, (R.IN_SYNC,)),
    (asks(SAME), live(), due(recorded(SAME)), A.TEST, (R.UNTESTED,)),
    (SAME, live(), due(recorded(SAME)), A.NO_OP, (R.IN_SYNC,)),
    (asks(replace(SAME, protect=True)), live(), due(recorded(SAME)), A.TEST, (R.SPEC_CHANGED, R.UNTESTED)),
    (asks(SAME, replace(ASKED, expect="five")), live(), due(recorded(asks(SAME))), A.TEST, (R.UNTESTED,)),
    (asks(OTHER), live(), due(recorded(SAME)), A.UPDATE, (R.SPEC_CHANGED,)),
    (asks(SAME), live(seed="theirs"), due(recorded(SAME)), A.UPDATE, (R.DRIFTED,)),
    (asks(SAME), None, due(recorded(SAME)), A.CREATE, (R.MISSING,)),
    (asks(HUB), live(seed="hub"), due(recorded(HUB_BEFORE)), A.TEST, (R.UPSTREAM_MOVED, R.UNTESTED)),
    (
        asks(SAME),
        live(seed="same content", shown=SHOWN),
        due(recorded(SAME, shown=SHOWN)),
        A.TEST,
        (R.ALREADY_PRESENT, R.UNTESTED),
    ),
    (asks(HUB), live(seed="hub"), None, A.ADOPT, (R.ALREADY_PRESENT,)),
    (None, live(), due(recorded(SAME)), A.NO_OP, (R.NOT_DECLARED,)),
]


@pytest.mark.parametrize(("want", "there", "known", "action", "reasons"), TABLE)
def test_each_row_of_the_table(want, there, known, action, reasons):
    change = decide(want, there, known)
    assert (change.action, change.reasons) == (action, reasons)
    assert change.steps == (want.steps if action in {A.CREATE, A.UPDATE} else ())


@pytest.mark.parametrize(("untested", "action"), [(False, A.ADOPT), (True, A.TEST)])
def test_a_build_on_the_very_same_base_has_its_test_still_due(untested, action):
    base, build = desired("b"), asks(desired(spec=content(base="declared now"), base="b"))
    known = recorded(desired(spec=content(base="was a digest"), base="b"))
    known = replace(known, base_digest=live("b").digest, untested=untested)
    changes = diff(DesiredState((base, build)), live_state(live("b"), live()), recorded_state(recorded(base), known))
    assert changes[1].action is action


def test_a_test_that_is_due_is_pending_work_that_moves_nothing_and_comes_before_what_is_built_on_it():
    base, build = asks(desired("z-base")), desired("a-build", content(base="1"), base="z-base")
    known = recorded_state(due(recorded(base)))
    there = live_state(live("z-base"))
    plan = make_plan(diff(DesiredState((build, base)), there, known), there, known, {})
    assert [[str(change.address.model) for change in stage] for stage in plan.stages] == [
        ["z-base:latest"],
        ["a-build:latest"],
    ]
    assert (plan.hosts[0].in_sync, len(plan.writes), plan.violations) == (0, 2, ())
    assert plan.total.transfer == 0


def test_a_plan_with_another_test_is_another_plan():
    def mark(test):
        changes = diff(DesiredState((asks(SAME, test),)), live_state(), recorded_state())
        return make_plan(changes, live_state(), recorded_state(), {}).fingerprint

    assert mark(ASKED) == mark(ModelTest("2+2=", "4"))
    assert len({mark(None), mark(ASKED), mark(replace(ASKED, rollback=True))}) == 3


def test_a_test_is_no_part_of_what_a_model_is():
    ref, hosts = SourceRef("gguf", (), HERE), (HostSpec(HostName("a"), "http://a", HERE),)
    pins = {ref: Pinned("ref", (), 1, files=())}
    plain = Resource(Kind.MODEL, SAME.address.model, HERE, sources=(ref,))
    one, two = (expand([item], hosts, pins, live_state()).entries[0] for item in (plain, replace(plain, test=ASKED)))
    assert (one.test, two.test) == (None, ASKED)
    assert replace(two, test=None) == one
