"""The pace of a watch: soon after what may pass, later and later after what will not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.change import Action, Change, Reason
from reconciler.core.names import HostName
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.pace import FIRST, LONGEST, Failure, Pace, held_back, remembered
from reconciler.core.plan import make_plan
from tests.core.builders import address, desired, digest, live_state, recorded_state

PACE = Pace(300.0)


def made(*names, base=None, host="a", **more):
    """Return a plan that creates these models, the later ones built on the first where `base` says so."""
    changes = []
    for name in names:
        want = desired(name, base=base if base != name else None, host=host, **more)
        on = want.base.model if want.base else None
        changes.append(Change(want.address, Action.CREATE, (Reason.NEW,), after=want, steps=want.steps, base=on))
    return make_plan(tuple(changes), live_state(host=host), recorded_state(), {})


def result(*ends):
    return RunResult("r", tuple(Outcome(address(name), Action.CREATE, *end) for name, *end in ends), complete=True)


def failed(plan, name="m", times=1, until=10.0):
    (change,) = [change for change in plan.changes if change.address == address(name)]
    return {change.address: Failure(plan.mark(change), times, until)}


@pytest.mark.parametrize(
    ("faults", "chance", "seconds"),
    [
        (0, 0.5, 300),
        (0, 0.0, 270),
        (0, 1.0, 330),
        (1, 0.5, 10),
        (2, 0.5, 20),
        (5, 0.5, 160),
        (6, 0.5, 300),
        (999, 0.5, 300),
    ],
)
def test_pauses_grow_to_the_interval(faults, chance, seconds):
    assert PACE.pause(faults, chance) == pytest.approx(seconds)


@pytest.mark.parametrize(("times", "seconds"), [(1, 600), (2, 1200), (3, 2400), (4, LONGEST), (999, LONGEST)])
def test_patience_grows_to_an_hour(times, seconds):
    assert PACE.patience(times) == seconds


def test_patience_is_never_shorter_than_a_long_interval():
    assert Pace(2 * LONGEST).patience(1) == 2 * LONGEST


@given(st.floats(1, 1e6), st.integers(0, 10**6), st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_interval_and_a_tenth(interval, faults, chance):
    assert 0 < Pace(interval).pause(faults, chance) <= max(interval, FIRST) * 1.1 + 1e-6


def test_what_failed_is_held_back_until_its_time_comes():
    plan = made("m", "n")
    memory = failed(plan)
    assert held_back(plan, memory, 9.9) == {address("m")}
    assert held_back(plan, memory, 10.0) == frozenset()


@pytest.mark.parametrize(
    "other",
    [
        made("m", spec=(("system", "mended"),)),
        replace(made("m"), hosts=tuple(replace(view, version="0.33.0") for view in made("m").hosts)),
        make_plan(
            tuple(replace(change, before=digest("theirs")) for change in made("m").changes),
            live_state(), recorded_state(), {},
        ),
    ],
    ids=["another manifest", "another version of the host", "another model there"],
)  # fmt: skip
def test_what_is_otherwise_now_is_tried_at_once(other):
    assert held_back(other, failed(made("m")), 0.0) == frozenset()


def test_what_fails_again_waits_longer_and_what_fails_otherwise_begins_anew():
    plan, other = made("m"), made("m", spec=(("system", "other"),))
    once = remembered({}, plan, result(("m", Status.FAILED)), PACE, 100.0)
    assert [(failure.times, failure.until) for failure in once.values()] == [(1, 700.0)]
    twice = remembered(once, plan, result(("m", Status.FAILED)), PACE, 800.0)
    assert [(failure.times, failure.until) for failure in twice.values()] == [(2, 2000.0)]
    anew = remembered(twice, other, result(("m", Status.FAILED)), PACE, 900.0)
    assert [failure.times for failure in anew.values()] == [1]


def test_what_was_held_is_remembered_and_what_was_done_or_is_no_longer_asked_for_is_not():
    plan = made("m", "n", "o")
    memory = {**failed(plan, "m"), **failed(plan, "n"), **failed(plan, "o"), **failed(made("p"), "p")}
    assert set(remembered(memory, plan, result(("n", Status.APPLIED), ("o", Status.SKIPPED)), PACE, 0.0)) == {
        address("m")
    }


def test_what_may_pass_is_not_remembered():
    outcome = Outcome(address("m"), Action.CREATE, Status.FAILED, passing=True)
    assert remembered({}, made("m"), RunResult("r", (outcome,), complete=True), PACE, 0.0) == {}


def test_a_plan_without_a_base_is_without_its_builds_and_with_all_the_rest():
    plan = made("base", "bot", base="base")
    rest = make_plan((*plan.changes, *made("other").changes), live_state(), recorded_state(), {})
    left = rest.without({address("base")})
    assert [change.address for change in left.pending] == [address("other")]
    assert [change.address for stage in left.stages for change in stage] == [address("other")]
    assert [change.address for change in left.changes] == [change.address for change in rest.changes]
    assert [found for found, _ in left.costs] == [address("other")]
    assert left.fingerprint == made("other").fingerprint
    assert rest.without(()).fingerprint == rest.fingerprint


def test_a_mark_does_not_need_the_host_to_be_in_view():
    plan = made("m")
    assert plan.mark(plan.changes[0]) != replace(plan, hosts=()).mark(plan.changes[0])
    assert plan.mark(replace(plan.changes[0], address=replace(address("m"), host=HostName("z"))))
