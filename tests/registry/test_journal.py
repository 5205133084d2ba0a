"""What a dead run left behind is known, and only that."""

import time

import pytest

from reconciler.core.names import HostName, ModelName
from reconciler.core.outcome import Status
from reconciler.errors import RegistryError
from reconciler.ports import Leftover
from tests.registry.entries import NOON, address, outcome, recorded, run

A, B = HostName("a"), HostName("b")
STAGING = ModelName.parse("reconciler-staging/0123abcd")
PULLED = ModelName.parse("hf.co/Org/Repo-GGUF:Q4_K_M")


def leftover(name=STAGING, of="r1", host=A):
    return Leftover(of, NOON, host, name)


def test_nothing_is_left_over_where_nothing_is(store):
    assert list(store.leftovers(A)) == []


def test_what_was_started_and_never_saved_is_left_over(store):
    store.begin(run())
    store.start("r1", NOON, address("m", "a"), (STAGING, PULLED))
    store.start("r1", NOON, address("m", "b"), (STAGING,))
    store.start("r1", NOON, address("other", "b"), ())
    assert list(store.leftovers(A)) == [leftover(PULLED), leftover(STAGING)]
    assert str(store.leftovers(A)[0].name) == str(PULLED)
    assert list(store.leftovers(B)) == [leftover(host=B)]


def test_a_change_that_is_tried_again_is_on_record_once(store):
    store.begin(run())
    store.start("r1", NOON, address(), (STAGING,))
    store.start("r1", "2026-11-22T12:00:09.000Z", address(), (STAGING, PULLED))
    assert leftover() in store.leftovers(A)
    assert len(store.leftovers(A)) == 2


@pytest.mark.parametrize("status", [Status.APPLIED, Status.FAILED])
def test_an_outcome_ends_what_was_started_for_its_address_only(store, status):
    store.begin(run())
    for model, host in (("m", "a"), ("m", "b"), ("other", "a")):
        store.start("r1", NOON, address(model, host), (ModelName.parse(f"reconciler-staging/{model}"),))
    store.save("r1", NOON, outcome("M", "a", status=status), None)
    assert list(store.leftovers(A)) == [leftover(ModelName.parse("reconciler-staging/other"))]
    assert len(store.leftovers(B)) == 1


def test_an_outcome_that_is_not_saved_ends_nothing(store):
    store.begin(run())
    store.start("r1", NOON, address(), (STAGING,))
    with pytest.raises(TypeError):
        store.save("r1", NOON, outcome(moved=object()), recorded())
    assert list(store.leftovers(A)) == [leftover()]


def test_one_name_of_two_changes_is_left_over_once_and_cleared_once(store):
    store.begin(run())
    for model in ("one", "two"):
        store.start("r1", NOON, address(model, "a"), (STAGING,))
    (found,) = store.leftovers(A)
    store.clear(found)
    store.clear(found)
    assert list(store.leftovers(A)) == []


def test_what_a_live_run_works_on_is_not_left_over(open_one):
    mine, other = open_one(), open_one()
    lease = mine.acquire("http://a", "r1", "ann@desk", 30.0)
    mine.begin(run())
    mine.start("r1", NOON, address(), (STAGING,))
    assert list(other.leftovers(A)) == []
    mine.release(lease)
    assert list(other.leftovers(A)) == [leftover()]


def test_a_dead_run_is_abandoned_and_a_live_one_goes_on(store):
    store.acquire("http://a", "dead", "ann@desk", 0.1)
    store.acquire("http://b", "live", "ann@desk", 30.0)
    for name in ("dead", "live", "done"):
        store.begin(run(name))
    store.end("done", NOON, "succeeded")
    time.sleep(0.15)
    store.begin(run("next"))
    found = {item.id: (item.status, item.ended_at) for item in store.runs(9)}
    assert found == {
        "next": ("running", None),
        "done": ("succeeded", NOON),
        "live": ("running", None),
        "dead": ("abandoned", None),
    }


def test_a_run_that_was_taken_for_dead_has_the_last_word(store):
    store.begin(run("r1"))
    store.begin(run("r2"))
    assert store.runs(9)[1].status == "abandoned"
    store.end("r1", NOON, "partial")
    assert store.runs(9)[1].status == "partial"


def test_a_change_of_an_unknown_run_can_not_start(store):
    store.begin(run())
    with pytest.raises(RegistryError):
        store.start("r2", NOON, address(), (STAGING,))
    assert list(store.leftovers(A)) == []


def test_the_journal_does_not_raise_the_serial(store):
    store.begin(run())
    store.start("r1", NOON, address(), (STAGING,))
    store.clear(leftover())
    assert store.read().serial == 1
