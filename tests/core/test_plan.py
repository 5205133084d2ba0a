"""The plan: order, safety, costs, and what it says about hosts."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Change, Cost, Reason
from reconciler.core.decide import Policy, Prune
from reconciler.core.diff import diff
from reconciler.core.lock import Followed
from reconciler.core.names import HostName, ModelName
from reconciler.core.order import stages
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import blobs_in_question, bounded, make_plan
from reconciler.core.resolution import Pinned
from reconciler.core.safety import Case, Limits, spare_loaded, violations
from reconciler.core.state import LiveState, Unobserved
from reconciler.core.steps import Blob, Copy, Create, Delete, Pull, Upload
from reconciler.errors import DependencyCycle
from tests.core.builders import (
    HOST,
    address,
    desired,
    desired_state,
    digest,
    live,
    live_state,
    recorded,
    recorded_state,
)


def create(name: str, base: str | None = None, host: str = "a", steps: tuple = ()) -> Change:
    return Change(
        address(name, host),
        Action.CREATE,
        (Reason.NEW,),
        after=desired(name, host=host),
        steps=steps,
        base=ModelName.parse(base) if base else None,
    )


def delete(name: str, base: str | None = None) -> Change:
    model = ModelName.parse(name)
    return Change(
        address(name),
        Action.DELETE,
        (Reason.NOT_DECLARED,),
        digest("x"),
        steps=(Delete(model),),
        base=ModelName.parse(base) if base else None,
    )


def upload(seed: str, size: int) -> Upload:
    return Upload(Blob(digest(seed), size, "gguf", ()))


def _names(found) -> list[list[str]]:
    return [[change.address.model.model for change in stage] for stage in found]


def test_bases_come_first_deletes_last_and_builds_are_deleted_before_their_base():
    changes = [
        delete("old-base"),
        delete("old-build", "old-base"),
        create("c", "b"),
        create("b", "a"),
        create("a"),
        create("z"),
    ]
    assert _names(stages(changes)) == [["a", "z"], ["b"], ["c"], ["old-build"], ["old-base"]]


def test_a_base_on_another_host_is_no_base():
    assert _names(stages([create("c", "b"), create("b", host="b2")])) == [["c", "b"]]


def test_what_is_not_pending_is_not_ordered():
    quiet = replace(create("a"), action=Action.NO_OP)
    assert stages([quiet, replace(quiet, action=Action.REFUSE)]) == ()


def test_a_circle_is_named():
    with pytest.raises(DependencyCycle, match=r"a/a:latest → a/b:latest|a/b:latest → a/a:latest"):
        stages([create("a", "b"), create("b", "a")])


UNSAFE = [
    (create("m", steps=(Create(ModelName.parse("other")),)), "own-name"),
    (create("m", steps=(Copy(ModelName.parse("m"), ModelName.parse("other")),)), "own-name"),
    (create("m", steps=(Delete(ModelName.parse("m")),)), "no-hidden-delete"),
    (replace(create("m", steps=(upload("w", 1),)), action=Action.ADOPT), "no-hidden-write"),
    (replace(create("m", steps=(upload("w", 1),)), action=Action.NO_OP), "no-hidden-write"),
]


@pytest.mark.parametrize(("change", "check"), UNSAFE)
def test_a_plan_that_would_do_more_than_it_says_is_unsafe(change, check):
    assert [found.check for found in violations(Case([change], {}, Limits()))] == [check]


def test_a_pull_under_another_name_and_a_staging_build_are_safe():
    hub = ModelName.parse("hub.example/t/m:1")
    pull = Pull(hub, False, digest("h"), (), (digest("h"),))
    steps = (pull, Copy(hub, ModelName.parse("m")), Delete(hub, unless_there_before=True))
    assert violations(Case([create("m", steps=steps), *_diff(desired("n"))], {}, Limits())) == ()


def test_a_blob_is_counted_once_a_host_and_not_at_all_where_it_is():
    one, two = create("a", steps=(upload("w", 100),)), create("b", steps=(upload("w", 100), upload("v", 10)))
    plan = make_plan([one, two], live_state(), recorded_state(), {})
    assert (plan.cost(one), plan.cost(two), plan.total) == (Cost(100, 100), Cost(10, 10), Cost(110, 110))
    held = make_plan([one, two], live_state(), recorded_state(), {HOST: frozenset({digest("w")})})
    assert held.total == Cost(10, 10)


def test_a_delete_frees_the_models_size_and_moves_nothing():
    plan = make_plan([delete("m")], live_state(live("m")), recorded_state(), {})
    assert plan.total == Cost(0, -10)


def test_only_pending_changes_ask_for_blobs():
    asked = blobs_in_question([create("a", steps=(upload("w", 1),)), create("b", steps=(upload("v", 1),)), delete("c")])
    assert asked == {HOST: {digest("w"), digest("v")}}


def test_a_host_view_tells_ours_from_others():
    ours, gone = desired("ours"), desired("gone")
    changes = _diff(
        ours,
        models=[live("ours"), live("gone"), live("theirs"), live("reconciler-staging/abc")],
        records=[recorded(ours), recorded(gone)],
    )
    plan = make_plan(
        changes,
        live_state(live("ours"), live("gone"), live("theirs"), live("reconciler-staging/abc")),
        recorded_state(recorded(ours), recorded(gone)),
        {},
    )
    (host,) = plan.hosts
    assert (host.in_sync, [str(n) for n in host.unmanaged], [str(n) for n in host.undeclared]) == (
        1,
        ["theirs:latest"],
        ["gone:latest"],
    )
    assert plan.complete
    assert plan.pending == ()
    assert plan.cost(changes[0]) == Cost()


def test_an_unobserved_host_makes_the_plan_incomplete():
    silent = Unobserved(HostName("a"), "http://a", "no connection")
    plan = make_plan((), LiveState((silent,)), recorded_state(), {})
    assert not plan.complete
    assert plan.unobserved == (silent,)


def test_an_unresolved_reference_makes_the_plan_incomplete_and_a_refusal_alone_does_not():
    unresolved = Change(address(), Action.REFUSE, (Reason.UNRESOLVED,), note="hub down")
    refused = replace(unresolved, reasons=(Reason.UNMANAGED,))
    assert not make_plan([unresolved], live_state(), recorded_state(), {}).complete
    assert make_plan([refused], live_state(), recorded_state(), {}).complete
    assert make_plan([refused], live_state(), recorded_state(), {}).refused == (refused,)


def test_what_is_not_locked_is_refused_and_nothing_is_unknown_about_it():
    refused = Change(address(), Action.REFUSE, (Reason.NOT_LOCKED,), note="not in the lock")
    plan = make_plan([refused], live_state(), recorded_state(), {})
    assert (plan.complete, plan.refused) == (True, (refused,))


def test_outdated_is_what_upstream_offers_otherwise_whatever_is_done_about_it():
    newer = Pinned("ref", (), 1, files=())
    entry = replace(desired("m"), locked=True, offered=newer)
    quiet = Change(address(), Action.NO_OP, (Reason.IN_SYNC,), after=entry)
    pending = replace(quiet, action=Action.CREATE)
    current = replace(quiet, after=replace(entry, offered=None))
    gone = replace(quiet, after=None)
    changes = [quiet, pending, current, gone]
    plan = make_plan(changes, live_state(), recorded_state(), {}, followed=Followed(("t:1",), without_lock=False))
    assert plan.outdated == (quiet, pending)
    assert plan.followed == Followed(("t:1",), without_lock=False)
    assert make_plan([], live_state(), recorded_state(), {}).followed.without_lock


def test_that_upstream_moved_makes_no_other_plan():
    entry = desired("m")
    plans = [
        make_plan(_diff(item), live_state(), recorded_state(), {})
        for item in (entry, replace(entry, locked=True, offered=Pinned("ref", (), 1)), replace(entry, unchecked="down"))
    ]
    assert len({plan.fingerprint for plan in plans}) == 1


def test_a_part_of_a_plan_holds_those_changes_and_costs_nothing():
    one, two = create("a", steps=(upload("w", 100),)), create("b", steps=(upload("v", 10),))
    whole = make_plan([one, two], live_state(), recorded_state(), {}, Limits(transfer=1))
    part = whole.only((two,))
    assert (part.changes, part.stages, part.total, part.violations) == ((two,), ((two,),), Cost(), ())
    assert part.fingerprint == make_plan([two], live_state(), recorded_state(), {}).fingerprint != whole.fingerprint


def test_a_plans_fingerprint_follows_what_would_be_done():
    plans = [
        make_plan(_diff(*wanted), live_state(), recorded_state(), {})
        for wanted in ((), (desired("m"),), (desired("n"),), (desired("m", (("system", "2"),)),))
    ]
    assert len({plan.fingerprint for plan in plans}) == 4
    assert plans[1].fingerprint == make_plan(_diff(desired("m")), live_state(), recorded_state(), {}).fingerprint


def test_a_run_is_good_only_if_everything_was_known_and_applied():
    applied = Outcome(address(), Action.CREATE, Status.APPLIED)
    failed = replace(applied, status=Status.FAILED)
    assert RunResult("r", (applied,), complete=True).good
    assert not RunResult("r", (applied,), complete=False).good
    assert not RunResult("r", (applied, failed), complete=True).good
    assert RunResult("r", (applied, failed), complete=True).count(Status.FAILED) == 1


def test_a_refused_base_takes_the_whole_chain_with_it():
    mine, top = desired("b", base="a"), desired("c", base="b")
    refused, first, second = _diff(desired("a"), mine, top, models=[live("a")])
    assert (refused.action, first.reasons, second.reasons) == (
        Action.REFUSE,
        (Reason.BASE_REFUSED,),
        (Reason.BASE_REFUSED,),
    )
    assert first.steps == ()


def _diff(*wanted, models=(), records=()):
    return diff(desired_state(*wanted), live_state(*models), recorded_state(*records), Policy(Prune.NEVER))


KEPT = [replace(create(name), action=Action.NO_OP, steps=()) for name in ("k1", "k2")]
D1, D2, U1 = delete("d1"), delete("d2"), replace(create("u1"), action=Action.UPDATE)
OVER = [
    ([D1], Limits(), "empty-prune", "nothing is declared, and 1 models would be deleted"),
    ([D1, D2, KEPT[0]], Limits(), "delete-share", "2 of 3 models would be deleted, and the limit is 50%"),
    ([D1, D2, *KEPT], Limits(delete_share=0.4), "delete-share", "2 of 4 models would be deleted, and the limit is 40%"),
    ([D1, D2, *KEPT], Limits(deletes=1), "delete-limit", "2 models would be deleted, and the limit is 1"),
    ([U1, *KEPT], Limits(updates=0), "update-limit", "1 models would be updated, and the limit is 0"),
]


@pytest.mark.parametrize(("changes", "limits", "check", "message"), OVER)
def test_a_plan_that_does_too_much_is_unsafe_and_says_the_numbers(changes, limits, check, message):
    found = {violation.check: violation.message for violation in violations(Case(changes, {}, limits))}
    assert found[check] == message


def test_a_plan_that_moves_too_much_is_unsafe():
    change = create("m", steps=(upload("w", 100),))
    plan = make_plan([change], live_state(), recorded_state(), {}, Limits(transfer=99))
    assert [violation.message for violation in plan.violations] == ["100 bytes would be moved, and the limit is 99"]
    assert make_plan([change], live_state(), recorded_state(), {}, Limits(transfer=100)).violations == ()


def test_within_its_limits_a_prune_is_safe():
    assert violations(Case([D1, D2, *KEPT], {}, Limits(deletes=2))) == ()


def test_a_model_in_use_is_not_deleted_now():
    spared, doomed = spare_loaded([D1, D2], {D1.address})
    assert (spared.action, spared.steps, doomed) == (Action.NO_OP, (), D2)
    assert "a later run" in spared.note


def test_bookkeeping_is_pending_and_writes_nothing():
    book, write = replace(create("a"), action=Action.ADOPT), create("b")
    quiet = replace(create("c"), action=Action.NO_OP)
    plan = make_plan([book, write, quiet], live_state(), recorded_state(), {})
    assert (plan.pending, plan.writes) == ((book, write), (write,))
    assert [host.in_sync for host in plan.hosts] == [1]


def test_what_a_host_quantises_from_does_not_stay_there():
    steps = (upload("w", 100), Create(ModelName.parse("a"), quantize="Q8_0"))
    one, two = create("a", steps=steps), create("b", steps=(upload("w", 100),))
    assert make_plan([one, two], live_state(), recorded_state(), {}).total.transfer == 200


def test_costs_of_what_the_host_may_hold_are_the_most_that_they_can_be() -> None:
    one = create("one", steps=(upload("w", 100),))
    two = create("two", steps=(upload("v", 7),))
    plan = make_plan([one, two], live_state(), recorded_state(), {})
    assert bounded(plan, {}) == plan
    doubtful = bounded(plan, {HOST: frozenset({digest("w")}), HostName("b"): frozenset({digest("v")})})
    assert (doubtful.cost(one), doubtful.cost(two)) == (Cost(100, 100, at_most=True), Cost(7, 7))
    assert doubtful.total == Cost(107, 107, at_most=True)
