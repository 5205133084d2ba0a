"""Bases that nobody declares: taken as they are on the server, followed when they change, and never guessed."""

import pytest

from tests.e2e.yard import copy_onto_itself, delete_and_make_again, make_again
from tests.manifests import write

pytestmark = pytest.mark.ollama


@pytest.fixture
def theirs(yard):
    """Give a yard with `base`, which somebody made and nobody declares, and `bot` on it."""
    yard.by_hand()
    yard.tune("bot", "base")
    yard.apply()
    assert yard.plan() == {}
    return yard


def test_an_undeclared_base_that_somebody_updates_rebuilds_what_stands_on_it(theirs):
    before = theirs.digests()
    theirs.by_hand(seed=55)
    assert theirs.plan() == {"bot": ("update", ["base_changed"])}
    theirs.apply()
    assert theirs.digests()["bot"] != before["bot"]
    stored = {word: theirs.hands.stored(theirs.name(word))["model"] for word in ("base", "bot")}
    assert stored["bot"] == stored["base"]
    assert theirs.plan() == {}


@pytest.mark.parametrize("touch", [make_again, delete_and_make_again, copy_onto_itself])
def test_an_undeclared_base_that_is_only_touched_rebuilds_nothing(theirs, touch):
    before = theirs.listed()["bot"]
    touch(theirs)
    assert theirs.plan() == {}
    theirs.apply()
    assert theirs.listed()["bot"] == before


def test_a_build_whose_base_somebody_deleted_is_refused_and_left_as_it_is(theirs):
    theirs.hands.delete(theirs.name("base"))
    before, writes = theirs.listed(), theirs.hands.writes()
    assert theirs.plan() == {"bot": ("refuse", ["unresolved"])}
    outcome = theirs.apply(status=1)["bot"]
    assert "neither declared" in outcome["message"]
    assert (theirs.listed(), theirs.hands.writes()) == (before, writes)


def test_a_base_is_found_in_whatever_case_it_is_spelled(yard):
    yard.by_hand("Base")
    write(
        yard.folder, "bot", f"kind: FineTune\nmetadata: {{name: {yard.name('bot')}}}\nspec:\n"
        f"  base: {yard.name('bASE').upper()}:LATEST\n  system: Be brief.\n",
    )  # fmt: skip
    yard.apply()
    assert yard.plan() == {}
    assert yard.hands.show(yard.name("bot"))["details"]["parent_model"] == f"{yard.name('Base')}:latest"
    assert set(yard.listed()) == {"Base", "bot"}


@pytest.mark.parametrize("wrong", ["bsae", "base:latst", "baes2"])
def test_a_misspelt_base_stops_that_build_before_anything_is_written(theirs, wrong):
    theirs.tune("bot", wrong)
    before, writes = theirs.listed(), theirs.hands.writes()
    outcome = theirs.apply(status=1)["bot"]
    assert (outcome["status"], f"base {theirs.name(wrong)}" in outcome["message"]) == ("refused", True)
    assert f"{theirs.name('base')}:latest" in outcome["hint"]
    assert "did you mean" in outcome["hint"]
    assert (theirs.listed(), theirs.hands.writes()) == (before, writes)


def test_a_misspelt_base_stops_nothing_else(theirs):
    before = theirs.listed()
    theirs.tune("bot", "bsae", "system: Never written.")
    theirs.tune("two", "bot")  # stands on what can't be resolved
    theirs.tune("fine", "base")
    outcomes = theirs.apply(status=4)
    assert {word: item["status"] for word, item in outcomes.items()} == {
        "bot": "refused",
        "two": "refused",
        "fine": "applied",
    }
    after = theirs.listed()
    assert after["bot"] == before["bot"]
    assert set(after) == {"base", "bot", "fine"}


@pytest.mark.parametrize("spelling", ["bot", "bot:latest", "BOT"])
def test_nothing_is_built_from_itself(theirs, spelling):
    theirs.tune("bot", spelling, "license: once more")
    before, writes = theirs.listed(), theirs.hands.writes()
    result = theirs.reconciler("apply", "--auto-approve")
    assert (result.status, "is built on itself" in result.out + result.err) == (1, True)
    assert (theirs.listed(), theirs.hands.writes()) == (before, writes)


def test_licences_never_grow_however_often_a_build_is_rebuilt(theirs):
    theirs.by_hand(license="BASE")
    for number in range(3):
        theirs.tune("bot", "base", f"license: OWN\nparameters: {{seed: {number}}}")
        theirs.apply()
        assert theirs.hands.show(theirs.name("bot"))["license"] == "BASE\nOWN"
