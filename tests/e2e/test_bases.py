"""A build is rebuilt when the content of its base changed, and only then: in order, on a real server."""

import pytest

from tests.e2e.yard import (
    add_a_comment,
    add_labels,
    copy_onto_itself,
    delete_and_make_again,
    make_again,
    move_the_file,
    touch_the_file,
)

pytestmark = pytest.mark.ollama


@pytest.fixture
def chain(yard):
    """Give a yard with `base`, and three builds, each on the one before: `one`, `two`, `three`."""
    yard.model()
    for word, base in (("one", "base"), ("two", "one"), ("three", "two")):
        yard.tune(word, base, f"system: I am {word}.")
    yard.apply()
    return yard


@pytest.mark.parametrize(
    "touch",
    [add_a_comment, add_labels, touch_the_file, move_the_file, make_again, delete_and_make_again, copy_onto_itself],
)
def test_no_build_is_rebuilt_when_its_base_is_only_touched(chain, touch):
    touch(chain)
    before = chain.listed()
    assert chain.plan() == {}
    chain.apply()
    assert chain.listed() == before


def test_a_new_base_rebuilds_the_whole_chain_from_the_bottom_up(chain):
    before = chain.digests()
    chain.model(seed=52)
    assert chain.plan() == {"base": ("update", ["upstream_moved"])} | {
        word: ("update", ["base_changed"]) for word in ("one", "two", "three")
    }
    chain.apply()
    after = chain.listed()
    assert all(after[word][0] != before[word] for word in before)
    assert sorted(after, key=lambda word: after[word][1]) == ["base", "one", "two", "three"]
    weights = {word: chain.hands.stored(chain.name(word))["model"] for word in after}
    assert all(found == weights["base"] for found in weights.values())
    assert chain.plan() == {}


def test_only_what_stands_on_a_changed_build_is_rebuilt(chain):
    before = chain.listed()
    chain.tune("two", "one", "system: I am another.")
    assert chain.plan() == {"two": ("update", ["spec_changed"]), "three": ("update", ["base_changed"])}
    chain.apply()
    after = chain.listed()
    assert {word for word in after if after[word] != before[word]} == {"two", "three"}
    assert chain.plan() == {}


def test_what_comes_back_to_what_it_was_rebuilds_to_what_was_there(chain):
    before = chain.digests()
    for seed in (52, 51):
        chain.model(seed=seed)
        chain.apply()
    assert chain.digests() == before


def test_a_base_that_somebody_changed_is_put_back_and_its_builds_are_left_alone(chain):
    before = chain.listed()
    chain.by_hand(seed=53, system="Somebody was here.")
    assert chain.plan() == {"base": ("update", ["drifted"])}
    chain.apply()
    after = chain.listed()
    assert after["base"][0] == before["base"][0]
    assert {word for word in after if after[word] != before[word]} == {"base"}
    assert chain.plan() == {}


def test_a_declared_base_that_somebody_deleted_comes_back_and_its_builds_are_left_alone(chain):
    before = chain.listed()
    chain.hands.delete(chain.name("base"))
    assert chain.plan() == {"base": ("create", ["missing"])}
    chain.apply()
    after = chain.listed()
    assert {word for word in after if after[word] != before[word]} == {"base"}
    assert chain.plan() == {}


def test_a_build_deleted_in_the_middle_is_rebuilt_alone(chain):
    before = chain.listed()
    chain.hands.delete(chain.name("two"))
    assert chain.plan() == {"two": ("create", ["missing"])}
    chain.apply()
    assert chain.digests() == {word: digest for word, (digest, _) in before.items()}
    assert chain.listed()["three"] == before["three"]


def test_a_failed_base_skips_what_stands_on_it_and_nothing_else(chain):
    before = chain.listed()
    chain.model(more="template: '{{ .Broken'")  # the server refuses it
    chain.model("other", seed=54)
    chain.tune("free", "other")
    outcomes = chain.apply(status=4)
    assert {word: item["status"] for word, item in outcomes.items()} == {
        "base": "failed",
        **dict.fromkeys(("one", "two", "three"), "skipped"),
        **dict.fromkeys(("other", "free"), "applied"),
    }
    assert "template error" in outcomes["base"]["message"]
    assert f"its base {chain.name('two')}:latest failed" in outcomes["three"]["message"]
    after = chain.listed()
    assert {word: after[word] for word in before} == before  # the old models work on
    chain.model()
    assert chain.plan() == {}
