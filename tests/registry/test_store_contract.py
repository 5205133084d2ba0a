"""What every RecordStore does, whatever it is made of."""

from dataclasses import replace

import pytest

from reconciler.core.health import Condition
from reconciler.core.names import ModelName
from reconciler.core.outcome import Status
from reconciler.core.state import RecordedState
from reconciler.errors import RegistryError, RegistryUnavailable
from reconciler.ports import Event, Forget, Run
from tests.registry.entries import NOON, address, outcome, recorded, run

LATER = "2026-11-22T12:00:09.000Z"


def test_a_registry_that_does_not_exist_is_empty_and_has_no_identity(store):
    assert store.read() == RecordedState(lineage="", serial=0, records=())
    assert list(store.runs(9)) == []
    assert list(store.events()) == []


def test_the_first_run_gives_the_registry_its_identity_for_good(open_one):
    first, second = open_one(), open_one()
    first.begin(run("r1"))
    second.begin(run("r2"))
    assert first.read().lineage == second.read().lineage == "lineage-1"


def test_every_write_raises_the_serial_by_one(store):
    serials = []
    store.begin(run())
    serials.append(store.read().serial)
    store.save("r1", NOON, outcome(), recorded())
    serials.append(store.read().serial)
    store.save("r1", NOON, outcome(), None)
    serials.append(store.read().serial)
    store.end("r1", NOON, "succeeded")
    serials.append(store.read().serial)
    assert serials == [1, 2, 3, 4]


def test_an_applied_model_is_on_record_as_it_was_saved(store):
    entry = recorded("Team/M:Q4", base=ModelName.parse("base"), protect=True)
    store.begin(run())
    store.save("r1", NOON, outcome("team/m:q4"), entry)
    (found,) = store.read().records
    assert found == entry
    assert str(found.address) == "a/Team/M:Q4"


def test_the_latest_word_about_an_address_counts_however_it_is_spelt(store):
    store.begin(run())
    store.save("r1", NOON, outcome("M"), recorded("M", digest="1" * 64))
    store.save("r1", NOON, outcome("m"), recorded("m", digest="2" * 64))
    assert store.read().records == (recorded("m", digest="2" * 64),)


def test_the_same_name_on_another_host_is_another_record(store):
    store.begin(run())
    store.save("r1", NOON, outcome(host="a"), recorded(host="a"))
    store.save("r1", NOON, outcome(host="b"), recorded(host="b"))
    store.save("r1", NOON, outcome(host="a"), Forget(address(host="a")))
    assert store.read().records == (recorded(host="b"),)


def test_records_are_sorted_by_address(store):
    store.begin(run())
    places = [("b", "a"), ("a", "z"), ("a", "B"), ("a", "a")]
    for host, model in places:
        store.save("r1", NOON, outcome(model, host), recorded(model, host))
    found = [record.address for record in store.read().records]
    assert found == sorted(found)
    assert len(found) == 4


def test_an_outcome_without_effect_changes_no_record(store):
    store.begin(run())
    store.save("r1", NOON, outcome(), recorded())
    store.save("r1", NOON, outcome(status=Status.FAILED, message="no"), None)
    assert store.read().records == (recorded(),)


def test_forgetting_what_was_never_on_record_is_no_error(store):
    store.begin(run())
    store.save("r1", NOON, outcome(), Forget(address()))
    assert store.read().records == ()


def test_history_is_newest_first_and_forgets_nothing(store):
    store.begin(run())
    store.save("r1", NOON, outcome("x"), recorded("x"))
    store.save("r1", LATER, outcome("x"), Forget(address("x")))
    assert list(store.events()) == [Event("r1", LATER, outcome("x")), Event("r1", NOON, outcome("x"))]


def test_history_is_asked_by_run_by_model_and_by_both(store):
    for name in ("r1", "r2"):
        store.begin(run(name))
        for model in ("x", "y"):
            store.save(name, NOON, outcome(model), None)

    def asked(**by):
        return [(event.run, str(event.outcome.address.model)) for event in store.events(**by)]

    assert asked(run="r1") == [("r1", "y:latest"), ("r1", "x:latest")]
    assert asked(model=ModelName.parse("X")) == [("r2", "x:latest"), ("r1", "x:latest")]
    assert asked(run="r2", model=ModelName.parse("y")) == [("r2", "y:latest")]
    assert asked(limit=1) == [("r2", "y:latest")]
    assert asked(run="no such run") == []


def test_runs_are_newest_first_and_end_once(store):
    store.begin(run("r1"))
    store.begin(run("r2"))
    store.end("r1", LATER, "succeeded")
    assert list(store.runs(9)) == [
        run("r2"),
        Run("r1", NOON, "f" * 64, "ann@desk", LATER, "succeeded"),
    ]
    assert list(store.runs(1)) == [run("r2")]
    with pytest.raises(RegistryError, match="r1 is not on record as going on"):
        store.end("r1", LATER, "failed")
    assert store.runs(9)[1].status == "succeeded"


def test_a_run_can_not_begin_twice(store):
    store.begin(run("r1"))
    with pytest.raises(RegistryError):
        store.begin(run("r1", at=LATER))
    assert list(store.runs(9)) == [run("r1")]
    assert store.read().serial == 1


def test_an_outcome_of_an_unknown_run_leaves_nothing_behind(store):
    store.begin(run("r1"))
    with pytest.raises(RegistryError):
        store.save("r2", NOON, outcome(), recorded())
    assert store.read() == RecordedState("lineage-1", 1, ())
    assert list(store.events()) == []


def test_an_outcome_before_any_run_makes_no_registry(store):
    with pytest.raises(RegistryUnavailable):
        store.save("r1", NOON, outcome(), recorded())
    assert store.read().lineage == ""


def test_a_save_that_fails_half_way_leaves_neither_outcome_nor_effect(store):
    store.begin(run())
    broken = replace(recorded(), reference=object())  # the outcome is written first, and this can't be
    with pytest.raises(TypeError):
        store.save("r1", NOON, outcome(), broken)
    assert store.read() == RecordedState("lineage-1", 1, ())
    assert list(store.events()) == []
    store.save("r1", NOON, outcome(), recorded())
    assert store.read().records == (recorded(),)


def test_what_one_writes_the_other_reads(open_one):
    first, second = open_one(), open_one()
    first.begin(run())
    assert second.read().records == ()
    first.save("r1", NOON, outcome(), recorded())
    assert second.read().records == (recorded(),)


def test_a_closed_store_lets_go_and_can_be_used_again(store):
    store.begin(run())
    store.close()
    store.close()
    assert store.read().serial == 1


def test_its_condition_is_told_without_a_change(open_one):
    store = open_one()
    newest = store.condition().newest
    assert store.condition() == Condition(0, newest)
    store.begin(run())
    store.save("r1", NOON, outcome(), recorded())
    assert open_one().condition() == Condition(newest, newest, "lineage-1", 2, 1)
    assert store.read().serial == 2
