"""What is not in the lock is refused where somebody asks for that; what is in it is what is planned."""

import json

import pytest

from tests.cli.locking import LOCK, far, held
from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_model

POLICY = "kind: Policy\nmetadata: {name: default}\nspec: {requireLock: %s}\n"
FILE = "p.json"


@pytest.fixture
def two(folder, reconciler, host):
    """Declare a model that is locked and one that is not."""
    model(folder)
    assert reconciler("lock").status == 0
    model(folder, "other", seed=1)


@pytest.mark.parametrize("command", ["plan", "status", "apply --auto-approve"])
def test_locked_refuses_what_the_lock_does_not_hold(reconciler, folder, two, host, command):
    words = command.split()
    result = reconciler(*words, "--locked")
    assert "`reconciler lock` adds it" in result.out
    assert [name for _, _, name, _ in host.store.manifests] == (["tiny"] if "apply" in words else [])
    assert result.status == (4 if "apply" in words else 3)


def test_without_it_the_lock_is_used_as_far_as_it_goes(reconciler, folder, two, host):
    assert reconciler("apply", "--auto-approve").status == 0
    assert len(host.store.manifests) == 2


@pytest.mark.parametrize(("required", "status"), [("true", 3), ("false", 0)])
def test_a_policy_asks_for_it_for_good(reconciler, folder, two, required, status):
    write(folder, "policy", POLICY % required)
    assert reconciler("plan").status == status
    assert reconciler("lock").status == 0
    assert reconciler("plan", "--detailed-exitcode").status == 2


@pytest.mark.parametrize("value", ["1", "'true'", "null"])
def test_only_true_or_false_is_a_policy(reconciler, folder, two, value):
    write(folder, "policy", POLICY % value)
    result = reconciler("validate")
    assert (result.status, "true or false" in result.err) == (1, True)


def test_without_any_lock_every_reference_is_refused_with_one_hint(reconciler, folder, host):
    for name in ("a", "b"):
        model(folder, name)
    tune(folder, "bot", "a")
    changes = json.loads(reconciler("plan", "--locked", "--format", "json").out)["changes"]
    assert [change["action"] for change in changes] == ["refuse"] * 3
    assert all(change["reasons"] == ["not_locked"] for change in changes)
    result = reconciler("plan", "--locked")
    assert result.status == 3
    assert result.out.count("there is no lock beside the manifests") == 2
    assert result.out.count("hint: `reconciler lock` makes one") == 2


def test_what_has_nothing_to_lock_needs_no_lock(reconciler, folder, host):
    model(folder, "base")
    reconciler("apply", "--auto-approve")
    for path in folder.iterdir():
        path.unlink()
    tune(folder, "bot", "base")
    assert reconciler("apply", "--auto-approve", "--locked").status == 0


def test_a_selection_asks_for_no_more_than_itself(reconciler, folder, two):
    assert reconciler("plan", "--locked", "--target", "tiny").status == 0


def test_the_lock_beside_a_single_manifest_is_used(reconciler, folder, two):
    assert reconciler("plan", "--locked", "manifests/tiny.yaml").status == 0
    assert reconciler("plan", "--locked", "manifests/other.yaml").status == 3


@pytest.fixture
def distant(folder, hub, monkeypatch, host, reconciler):
    """Declare a model of Hugging Face, lock it, and let its branch move on."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    tiny_model(folder.parent / "one.gguf")
    tiny_model(folder.parent / "two.gguf", seed=1)
    name = far(folder, hub, folder.parent / "one.gguf")
    assert reconciler("lock").status == 0
    far(folder, hub, folder.parent / "two.gguf")
    return name


def _wanted(reconciler):
    """Return the sha256 of what a plan would bring."""
    (change,) = json.loads(reconciler("plan", "--format", "json").out)["changes"]
    return change["desired"]["provenance"]["sha256"]


def test_the_locked_content_is_planned_until_the_lock_moves(reconciler, folder, distant):
    locked = held(folder)[distant]["sha256"]
    assert _wanted(reconciler) == locked
    assert reconciler("lock", "--upgrade").status == 0
    assert _wanted(reconciler) == held(folder)[distant]["sha256"] != locked
    (folder / LOCK).unlink()
    assert reconciler("plan").status == 0


def test_a_plan_that_was_saved_before_the_lock_moved_is_stale(reconciler, folder, distant, host):
    assert reconciler("plan", "--out", FILE).status == 0
    assert reconciler("lock", "--upgrade", "far").status == 0
    host.seen.clear()
    result = reconciler("apply", FILE)
    assert result.status == 3
    assert "stale: default/far:latest was create of nothing to" in result.err
    assert not host.calls("create", "copy", "delete", "upload")


def test_a_plan_that_found_nothing_to_do_is_stale_as_well_once_the_lock_moved(reconciler, folder, distant, host):
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("plan", "--out", FILE).out.count("No changes. 1 model in sync on 1 host.\n") == 1
    assert reconciler("lock", "--upgrade").status == 0
    result = reconciler("apply", FILE)
    assert (result.status, "stale: default/far:latest was no-op" in result.err) == (3, True)


def test_a_saved_plan_asks_again_whether_all_is_locked(reconciler, folder, distant, host):
    assert reconciler("plan", "--locked", "--out", FILE).status == 0
    assert json.loads((folder.parent / FILE).read_text())["question"]["locked"] is True
    (folder / LOCK).unlink()
    result = reconciler("apply", FILE)
    assert (result.status, "is refuse of nothing to nothing" in result.err) == (3, True)
    assert reconciler("apply", FILE, "--locked").status == 64


def test_a_saved_plan_is_applied_while_the_lock_stays(reconciler, folder, distant, host):
    assert reconciler("plan", "--locked", "--out", FILE).status == 0
    assert reconciler("apply", FILE).status == 0
    assert reconciler("plan", "--locked").out.count("No changes. 1 model in sync on 1 host.\n") == 1


def test_adopt_goes_by_the_lock_too(reconciler, folder, distant, host):
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("forget", "far").status == 0
    assert reconciler("adopt", "far").status == 0
    assert reconciler("plan").out.count("No changes. 1 model in sync on 1 host.\n") == 1


def test_a_part_of_what_is_locked_is_planned_and_locked_by_the_same_lock(reconciler, folder, host):
    (folder / "team").mkdir()
    model(folder)
    model(folder / "team", "theirs", seed=1)
    assert reconciler("lock").status == 0
    before = held(folder)
    assert "+ theirs:latest" in reconciler("plan", "--locked", "manifests/team").out
    model(folder / "team", "more", seed=2)
    assert "`reconciler lock` adds it" in reconciler("plan", "--locked", "manifests/team").out
    told = reconciler("lock", "manifests/team")
    assert (told.status, "manifests/reconciler.lock: 1 added" in told.out) == (0, True)
    assert held(folder).items() > before.items()
    assert not (folder / "team" / LOCK).exists()
