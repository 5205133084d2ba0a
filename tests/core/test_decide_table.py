"""The decision table: given the three states of one address, what is decided and why. This is the specification."""

from dataclasses import replace

import pytest

from reconciler.core.chain import Tried
from reconciler.core.change import Action, Reason
from reconciler.core.decide import Policy, Prune, decide
from reconciler.core.diff import diff, to_bring
from reconciler.core.facts import ABSENT, FieldChange
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.resource import Kind
from reconciler.core.state import DesiredState, LiveState, Unobserved, Unresolved
from reconciler.core.steps import Copy, Create, Pull
from tests.core.builders import HERE, address, content, desired, digest, live, live_state, recorded, recorded_state

A, R = Action, Reason
OLD = desired(spec=content(system="old"))
NEW = desired(spec=content(system="new"))
HUB = desired(spec=content(manifest="2"), foretold=(digest("hub"), digest("hub, re-marshalled")))
HUB_BEFORE = desired(spec=content(manifest="1"))
BASE_1, BASE_2 = desired(spec=content(base="1"), base="b"), desired(spec=content(base="2"), base="b")
ELSEWHERE = desired(spec=content(manifest="3"), reference="another")
LOCKED = replace(HUB, locked=True)
FIRST = replace(HUB_BEFORE, sources=(Tried("one", taken=True), Tried("two")))
SECOND = replace(HUB, sources=(Tried("one", reason="gone"), Tried("two", taken=True)))
FILES = replace(desired(spec=content(weights="1")), sources=SECOND.sources)  # its reference has the same text, too
THIRD = replace(HUB, reference="three", sources=(Tried("three", taken=True), Tried("two")))
OUTDATED = replace(LOCKED, offered=Pinned("ref", (), 1, files=()))
PRUNE, FORGET, ADOPT = Policy(Prune.OWNED), Policy(Prune.FORGET), Policy(adopt=True)
PROTECTED = desired(protect=True)

TABLE = [
    # desired   live            recorded               policy    action       reasons
    (None, live(), None, Policy(), None, ()),
    (None, live(), None, PRUNE, None, ()),
    (None, None, recorded(OLD), Policy(), A.FORGET, (R.GONE,)),
    (None, live(), recorded(OLD), Policy(), A.NO_OP, (R.NOT_DECLARED,)),
    (None, live(), recorded(OLD), PRUNE, A.DELETE, (R.NOT_DECLARED,)),
    (None, live(), recorded(OLD), FORGET, A.FORGET, (R.NOT_DECLARED,)),
    (None, live(), recorded(PROTECTED), PRUNE, A.NO_OP, (R.NOT_DECLARED,)),
    (None, live(seed="other"), recorded(OLD), Policy(), A.NO_OP, (R.NOT_DECLARED,)),
    (None, live(seed="other"), recorded(OLD), FORGET, A.FORGET, (R.NOT_DECLARED,)),
    (None, live(seed="other"), recorded(OLD), PRUNE, A.REFUSE, (R.NOT_DECLARED, R.DRIFTED)),
    (NEW, None, None, Policy(), A.CREATE, (R.NEW,)),
    (NEW, None, recorded(NEW), Policy(), A.CREATE, (R.MISSING,)),
    (HUB, live(seed="hub"), None, Policy(), A.ADOPT, (R.ALREADY_PRESENT,)),
    (HUB, live(seed="hub, re-marshalled"), None, Policy(), A.ADOPT, (R.ALREADY_PRESENT,)),
    (HUB, live(seed="other"), None, Policy(), A.REFUSE, (R.UNMANAGED,)),
    (NEW, live(), None, Policy(), A.REFUSE, (R.UNMANAGED,)),
    (NEW, live(), None, ADOPT, A.UPDATE, (R.UNMANAGED,)),
    (NEW, live(), recorded(NEW), Policy(), A.NO_OP, (R.IN_SYNC,)),
    (HUB, live(seed="old host"), recorded(HUB, "old host"), Policy(), A.NO_OP, (R.IN_SYNC,)),
    (HUB, live(seed="hub"), recorded(HUB, "x"), Policy(), A.ADOPT, (R.ALREADY_PRESENT,)),
    (HUB, live(seed="hub"), recorded(HUB_BEFORE, "x"), Policy(), A.ADOPT, (R.UPSTREAM_MOVED,)),
    (NEW, live(), recorded(OLD), Policy(), A.UPDATE, (R.SPEC_CHANGED,)),
    (HUB, live(), recorded(HUB_BEFORE), Policy(), A.UPDATE, (R.UPSTREAM_MOVED,)),
    (ELSEWHERE, live(), recorded(HUB), Policy(), A.UPDATE, (R.SPEC_CHANGED,)),
    (BASE_2, live(), recorded(BASE_1), Policy(), A.UPDATE, (R.BASE_CHANGED,)),
    (LOCKED, live(), recorded(HUB_BEFORE), Policy(), A.UPDATE, (R.LOCK_MOVED,)),
    (LOCKED, live(seed="hub"), recorded(HUB_BEFORE, "x"), Policy(), A.ADOPT, (R.LOCK_MOVED,)),
    (SECOND, live(), recorded(FIRST), Policy(), A.UPDATE, (R.SOURCE_CHANGED,)),
    (FILES, live(), recorded(FIRST), Policy(), A.UPDATE, (R.SOURCE_CHANGED,)),
    (replace(SECOND, locked=True), live(), recorded(FIRST), Policy(), A.UPDATE, (R.SOURCE_CHANGED,)),
    (replace(SECOND, sources=FIRST.sources), live(), recorded(FIRST), Policy(), A.UPDATE, (R.UPSTREAM_MOVED,)),
    (THIRD, live(), recorded(FIRST), Policy(), A.UPDATE, (R.SPEC_CHANGED,)),  # what it came from is not declared now
    (SECOND, live(), recorded(replace(HUB, sources=FIRST.sources)), Policy(), A.NO_OP, (R.IN_SYNC,)),
    (OUTDATED, None, None, Policy(), A.CREATE, (R.NEW,)),
    (OUTDATED, live(seed="hub"), None, Policy(), A.ADOPT, (R.ALREADY_PRESENT,)),
    (OUTDATED, live(), recorded(HUB), Policy(), A.NO_OP, (R.IN_SYNC,)),
    (OUTDATED, live(seed="other"), recorded(HUB), Policy(), A.UPDATE, (R.DRIFTED,)),
    (OUTDATED, live(), recorded(HUB_BEFORE), Policy(), A.UPDATE, (R.LOCK_MOVED,)),
    (NEW, live(seed="other"), recorded(NEW), Policy(), A.UPDATE, (R.DRIFTED,)),
    (NEW, live(seed="other"), recorded(OLD), Policy(), A.UPDATE, (R.SPEC_CHANGED, R.DRIFTED)),
]


@pytest.mark.parametrize(("want", "there", "known", "policy", "action", "reasons"), TABLE)
def test_each_row_of_the_table(want, there, known, policy, action, reasons):
    change = decide(want, there, known, policy)
    assert (change and change.action, change.reasons if change else ()) == (action, reasons)
    assert (change is not None and change.outdated) == (want is OUTDATED)


def test_several_causes_are_all_named():
    before = desired(spec=content(base="1", manifest="1", system="old"), base="b")
    after = desired(spec=content(base="2", manifest="2", system="new"), base="b")
    change = decide(after, live(), recorded(before))
    assert change.reasons == (R.SPEC_CHANGED, R.UPSTREAM_MOVED, R.BASE_CHANGED)


def test_a_changed_spec_names_its_fields():
    change = decide(NEW, live(), recorded(OLD))
    assert change.fields == (FieldChange("system", "old", "new"),)


def test_drift_is_shown_from_what_is_live_to_what_apply_restores():
    shown, applied = content(system="evil"), content(system="good")
    change = decide(NEW, live(seed="other", shown=shown), recorded(NEW, shown=applied))
    assert change.drift == (FieldChange("system", "evil", "good"),)
    assert change.fields == ()


def test_drift_of_what_is_no_longer_declared_is_shown_too():
    there, known = live(seed="other", shown=content(system="evil")), recorded(NEW, shown=content(system="good"))
    change = decide(None, there, known, PRUNE)
    assert change.drift == (FieldChange("system", "evil", "good"),)


def test_a_refusal_says_what_to_do():
    change = decide(NEW, live(), None)
    assert change.note
    assert change.hint


def test_only_observed_hosts_are_decided_about():
    state = LiveState((Unobserved(address().host, "http://a", "no connection"),))
    assert diff(DesiredState((NEW,)), state, recorded_state(recorded(OLD))) == ()


def test_changes_are_sorted_by_address():
    entries = DesiredState(tuple(desired(name) for name in ("z", "a", "m")))
    assert [str(change.address) for change in diff(entries, live_state(), recorded_state())] == [
        "a/a:latest",
        "a/m:latest",
        "a/z:latest",
    ]


def test_an_unresolved_reference_is_refused_and_never_taken_for_undeclared():
    entry = Unresolved(address(), Kind.MODEL, "the hub is down", "try again", HERE)
    states = DesiredState((), (entry,)), live_state(live()), recorded_state(recorded(OLD))
    (change,) = diff(*states, PRUNE)
    assert (change.action, change.reasons, change.note) == (A.REFUSE, (R.UNRESOLVED,), "the hub is down")
    assert change.steps == ()


def test_what_has_to_be_locked_and_is_not_is_refused_for_that_and_never_pruned():
    entry = Unresolved(address(), Kind.MODEL, "it is not in the lock", "lock it", HERE, unlocked=True)
    (change,) = diff(DesiredState((), (entry,)), live_state(live()), recorded_state(recorded(OLD)), PRUNE)
    assert (change.action, change.reasons, change.hint, change.steps) == (A.REFUSE, (R.NOT_LOCKED,), "lock it", ())


def test_what_is_to_be_brought_is_what_each_entry_alone_would_write():
    entries = [desired(name, foretold=(digest("hub"),)) for name in ("gone", "in-sync", "drifted", "theirs", "booked")]
    models = live("in-sync"), live("drifted", "other"), live("theirs"), live("booked", "hub")
    records = [recorded(entry) for entry in entries if str(entry.address.model) in {"in-sync:latest", "drifted:latest"}]
    states = DesiredState(tuple(entries)), live_state(*models), recorded_state(*records)
    for policy, names in ((Policy(), ["gone", "drifted"]), (ADOPT, ["gone", "drifted", "theirs"])):
        assert [entry.address.model.model for entry in to_bring(*states, policy)] == names


def test_what_is_recognised_has_not_to_be_brought():
    file = Create(address().model, files=(("m.gguf", digest("w")),))
    want, there = replace(desired(), steps=(file,)), live(shown=content(weights=str(digest("w"))))
    assert to_bring(DesiredState((want,)), live_state(there), recorded_state(), ADOPT) == ()


def test_a_pull_that_would_replace_anothers_model_is_still_to_be_brought_for_there_may_be_another_way():
    hub = ModelName.parse("hub.example/t/m:1")
    want = replace(desired("m"), steps=(Pull(hub, False, digest("h"), ()), Copy(hub, address("m").model)))
    states = DesiredState((want,)), live_state(live("hub.example/t/m:1")), recorded_state()
    assert diff(*states)[0].action is A.REFUSE
    assert to_bring(*states) == (want,)


def test_without_a_look_at_the_model_drift_names_no_fields():
    assert decide(NEW, live(seed="other"), recorded(NEW)).drift == ()


def test_a_source_that_changed_without_a_field_is_still_a_changed_spec():
    renamed = replace(recorded(NEW), content=NEW.content, fingerprint=OLD.fingerprint)
    assert decide(NEW, live(), renamed).reasons == (R.SPEC_CHANGED,)


def test_the_base_of_a_declared_build_is_never_pruned():
    base, build = desired("b"), desired(base="b")
    live_models = live_state(live("b"), live())
    changes = diff(DesiredState((build,)), live_models, recorded_state(recorded(base), recorded(build)), PRUNE)
    assert [(str(change.address.model), change.action) for change in changes] == [
        ("b:latest", A.NO_OP),
        ("m:latest", A.NO_OP),
    ]


def test_a_base_that_is_not_declared_is_taken_as_it_is_even_if_somebody_changed_it():
    base, build = desired("b"), desired(base="b")
    records = recorded_state(recorded(base), recorded(desired(spec=content(system="old"), base="b")))
    changes = diff(DesiredState((build,)), live_state(live("b", "theirs"), live()), records, PRUNE)
    assert [change.action for change in changes] == [A.REFUSE, A.UPDATE]


def test_every_decision_about_something_declared_tells_where_it_is_declared():
    entry = Unresolved(address("u"), Kind.MODEL, "the hub is down", "", HERE)
    changes = diff(DesiredState((NEW,), (entry,)), live_state(live()), recorded_state(recorded(desired("gone"))))
    assert {str(change.address.model): change.location for change in changes} == {
        "gone:latest": None,
        "m:latest": HERE,
        "u:latest": HERE,
    }


UPSTREAM = Pull(ModelName.parse("hub.example/t/m:1"), False, digest("hub"), (), (digest("hub"),))
RENAMED = replace(HUB, steps=(UPSTREAM, Copy(UPSTREAM.name, HUB.address.model)))


@pytest.mark.parametrize(
    ("content_there", "declared", "action"),
    [(None, False, A.CREATE), ("hub", False, A.CREATE), ("other", False, A.REFUSE), ("other", True, A.CREATE)],
)
def test_a_pull_never_replaces_a_model_of_others_that_has_the_hubs_name(content_there, declared, action):
    there = [live(str(UPSTREAM.name), content_there)] if content_there else []
    entries = [RENAMED, *([desired(str(UPSTREAM.name))] if declared else [])]
    changes = diff(DesiredState(tuple(entries)), live_state(*there), recorded_state())
    (change,) = [item for item in changes if item.address == RENAMED.address]
    assert change.action is action
    assert bool(change.steps) == (action is A.CREATE)


def test_protection_that_was_declared_later_is_put_on_record():
    change = decide(PROTECTED, live(), recorded(desired()))
    assert (change.action, change.steps) == (A.ADOPT, ())


def test_drift_that_no_field_shows_is_said_to_be_that():
    shown = content(system="ours")
    hidden = live(seed="other", shown=shown)
    elsewhere = replace(recorded(NEW, shown=shown), facts=content(system="ours"))
    assert decide(NEW, hidden, elsewhere).action is A.ADOPT  # all that can be seen is as it was
    assert "no field" in decide(NEW, live(seed="other"), recorded(NEW)).note


def test_where_the_manifest_changed_too_only_what_it_declares_is_foretold():
    there = live(seed="other", shown=content(system="evil", template="theirs"))
    change = decide(NEW, there, recorded(OLD, shown=content(system="old", template="ours")))
    assert change.drift == (FieldChange("system", "evil", "new"),)


def test_the_very_same_base_declared_another_way_is_no_reason_to_rebuild():
    base, build = desired("b"), desired(spec=content(base="declared now"), base="b")
    before = replace(recorded(desired(spec=content(base="was a digest"), base="b")), base_digest=live("b").digest)
    models = live_state(live("b"), live())
    changes = diff(DesiredState((base, build)), models, recorded_state(recorded(base), before))
    assert [(change.action, change.steps) for change in changes] == [(A.NO_OP, ()), (A.ADOPT, ())]
    moved = live_state(live("b", "moved"), live())
    changes = diff(DesiredState((build,)), moved, recorded_state(before))
    assert [change.reasons for change in changes] == [(R.BASE_CHANGED,)]


def test_a_build_remembers_what_its_base_was_when_the_plan_was_made():
    build = desired(spec=content(base="1"), base="b")
    (change,) = diff(DesiredState((build,)), live_state(live("b")), recorded_state())
    assert change.base_before == live("b").digest


@pytest.mark.parametrize(
    ("want", "known", "field"),
    [
        (replace(BASE_2, base=address("c")), BASE_1, FieldChange("base", "b:latest", "c:latest")),
        (BASE_2, BASE_1, FieldChange("base", "1", "2")),
        (BASE_1, desired(spec=()), FieldChange("base", ABSENT, "b:latest")),
        (desired(spec=()), BASE_1, FieldChange("base", "b:latest", ABSENT)),
    ],
)
def test_another_base_is_told_by_both_names_and_other_content_of_the_same_by_what_identifies_it(want, known, field):
    change = decide(want, live(), recorded(known))
    assert change is not None
    assert change.fields == (field,)


@pytest.mark.parametrize(
    ("want", "recognised", "action", "reasons"),
    [
        (NEW, True, A.ADOPT, (R.ALREADY_PRESENT,)),
        (NEW, False, A.UPDATE, (R.SPEC_CHANGED,)),
        (HUB, False, A.ADOPT, (R.ALREADY_PRESENT,)),
    ],
)
def test_what_was_taken_over_as_it_was_is_judged_by_what_it_shows(want, recognised, action, reasons):
    as_found = replace(recorded(desired(spec=())), digest=digest("hub"))
    change = decide(want, live(seed="hub"), as_found, recognised=recognised)
    assert change is not None
    assert (change.action, change.reasons) == (action, reasons)


def test_what_is_on_record_is_judged_by_the_record_whatever_it_shows():
    change = decide(NEW, live(), recorded(OLD), recognised=True)
    assert change is not None
    assert change.action is A.UPDATE
