"""Saved plans: exactly that, or refused as stale with what moved."""

import json

import pytest

from tests.manifests import model, tune

FILE = "p.json"


@pytest.fixture
def saved(reconciler, folder, host):
    """Save a plan of one update and return the names of what is there."""
    model(folder, more="system: old")
    reconciler("apply", "--auto-approve")
    model(folder, more="system: new")
    assert reconciler("plan", "--out", FILE).status == 0
    return folder.parent / FILE


def test_a_saved_plan_is_applied_without_asking_and_then_is_stale(reconciler, saved, host):
    assert reconciler("apply", FILE).status == 0
    assert reconciler("plan").out.startswith("No changes.")
    again = reconciler("apply", FILE)
    assert again.status == 3
    assert "something was applied since" in again.err


def test_a_plan_that_finds_nothing_to_do_can_be_saved_and_applied(reconciler, saved):
    reconciler("apply", FILE)
    assert reconciler("plan", "--out", FILE).status == 0
    assert reconciler("apply", FILE).status == 0


def test_a_manifest_that_moved_makes_it_stale(reconciler, saved, folder, host):
    model(folder, more="system: newer")
    host.seen.clear()
    result = reconciler("apply", FILE)
    assert result.status == 3
    assert "default/tiny:latest was update of" in result.err
    assert not host.calls("create", "copy", "delete", "upload")


def test_a_host_that_moved_makes_it_stale(reconciler, saved, host):
    ((name, _),) = host.store.manifests.items()
    del host.store.manifests[name]
    result = reconciler("apply", FILE)
    assert (result.status, "is create of nothing" in result.err) == (3, True)


def test_another_registry_makes_it_stale(reconciler, saved, folder):
    reconciler("--registry", f"sqlite:///{folder.parent}/other.db", "apply", "--auto-approve", "--adopt")
    result = reconciler("--registry", f"sqlite:///{folder.parent}/other.db", "apply", FILE)
    assert (result.status, "another registry" in result.err) == (3, True)


def test_a_saved_plan_keeps_its_question(reconciler, saved, folder):
    model(folder, "other", seed=1)
    tune(folder, "bot", "tiny")
    reconciler("plan", "--out", FILE, "--target", "bot")
    assert reconciler("apply", FILE).status == 0
    assert "+ other:latest" in reconciler("plan").out


@pytest.mark.parametrize("spoil", ["question", "plan", "seal", "steps"])
def test_a_plan_that_was_changed_is_noticed(reconciler, saved, spoil, host):
    held = json.loads(saved.read_text())
    if spoil == "question":
        held["question"]["prune"] = True
    elif spoil == "plan":
        held["plan"]["changes"][0]["action"] = "delete"
    elif spoil == "steps":
        held["plan"]["fingerprint"] = "0" * 64
    else:
        held["seal"] = "0" * 64
    saved.write_text(json.dumps(held))
    host.seen.clear()
    result = reconciler("apply", FILE)
    assert (result.status, "changed after it was saved" in result.err) == (3, True)
    assert host.seen == []


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "not json", '{"seal": 1}', "[" * 100_000])
def test_what_is_no_saved_plan_is_said_to_be_none(reconciler, saved, text):
    saved.write_text(text)
    result = reconciler("apply", FILE)
    assert (result.status, "no saved plan" in result.err) == (1, True)


def test_a_saved_plan_goes_with_nothing_else(reconciler, saved):
    assert reconciler("apply", FILE, "--prune").status == 64
    assert reconciler("apply", FILE, "manifests").status == 64
    assert reconciler("apply", "nosuch.json").status == 1


def test_a_plan_that_cannot_be_saved_says_so(reconciler, saved):
    result = reconciler("plan", "--out", "nosuch/p.json")
    assert (result.status, "can't be saved" in result.err, "hint: check the path" in result.err) == (1, True, True)
