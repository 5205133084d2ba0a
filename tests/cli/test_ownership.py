"""Whose model is it: recognised, taken over, adopted, forgotten; never guessed."""

import pytest

from tests.manifests import host as declare_host
from tests.manifests import model, tune, write

IN_SYNC = "No changes. {} in sync on 1 host."


@pytest.fixture
def fresh(reconciler, folder):
    """Return a function that runs a command with an empty registry, as a new CI runner has it."""
    return lambda *words: reconciler("--registry", f"sqlite:///{folder.parent}/fresh.db", *words)


def test_a_fresh_runner_finds_what_an_earlier_run_has_set_up_in_sync(reconciler, fresh, folder, host):
    model(folder, more="parameters: {num_ctx: 512}")
    tune(folder, "bot", "tiny", "system: Be brief.\nlicense: [MIT]\nexamples: [{user: hi, assistant: ho}]")
    tune(folder, "botbot", "bot", "parameters: {stop: [a, b]}")
    reconciler("apply", "--auto-approve")
    host.seen.clear()
    plan = fresh("plan", "--detailed-exitcode")
    assert plan.status == 0
    assert plan.out == f"{IN_SYNC.format('3 models')} Apply will put 3 of them on record.\n"
    assert fresh("apply", "--auto-approve").status == 0
    assert not host.calls("create", "copy", "delete", "pull")
    assert fresh("plan").out == f"{IN_SYNC.format('3 models')}\n"


def test_what_is_not_quite_as_declared_is_refused_until_it_is_taken_over(reconciler, fresh, folder, host):
    model(folder, more="system: theirs")
    reconciler("apply", "--auto-approve")
    model(folder, more="system: ours")
    refused = fresh("plan", "--detailed-exitcode")
    assert refused.status == 3
    assert "`--adopt` takes it over" in refused.out
    assert "~ tiny:latest" in fresh("plan", "--adopt").out
    assert fresh("apply", "--auto-approve", "--adopt").status == 0
    assert fresh("plan").out == f"{IN_SYNC.format('1 model')}\n"


def test_adopt_owns_without_touching_and_the_next_plan_says_what_would_change(reconciler, fresh, folder, host):
    model(folder, more="system: theirs")
    reconciler("apply", "--auto-approve")
    model(folder, more="system: ours")
    before = dict(host.store.manifests)
    assert fresh("adopt", "tiny").status == 0
    assert host.store.manifests == before
    plan = fresh("plan", "--detailed-exitcode")
    assert plan.status == 2
    assert "'ours'" in plan.out
    assert fresh("apply", "--auto-approve").status == 0


def test_what_was_adopted_as_it_was_is_in_sync_with_its_export_and_with_what_it_is(reconciler, fresh, folder, host):
    model(folder, more="system: theirs")
    tune(folder, "bot", "tiny", "system: Be brief.")
    reconciler("apply", "--auto-approve")
    model(folder, more="system: ours")
    tune(folder, "bot", "tiny", "system: Be long.")
    assert fresh("adopt").status == 0
    assert "Plan: 2 to update." in fresh("plan").out
    model(folder, more="system: theirs")
    tune(folder, "bot", "tiny", "system: Be brief.")
    before = dict(host.store.manifests)
    assert fresh("plan").out == f"{IN_SYNC.format('2 models')} Apply will put 2 of them on record.\n"
    assert fresh("apply", "--auto-approve").status == 0
    assert host.store.manifests == before
    assert fresh("plan").out == f"{IN_SYNC.format('2 models')}\n"


def test_a_build_adopted_as_it_was_is_made_anew_where_its_base_will_be_another(reconciler, fresh, folder, host):
    model(folder, more="system: theirs")
    tune(folder, "bot", "tiny", "system: Be brief.")
    reconciler("apply", "--auto-approve")
    tune(folder, "bot", "tiny", "system: Be long.")
    assert fresh("adopt").status == 0
    model(folder, more="system: ours")
    tune(folder, "bot", "tiny", "system: Be brief.")
    assert "Plan: 2 to update." in fresh("plan").out
    assert fresh("apply", "--auto-approve").status == 0
    assert fresh("plan").out == f"{IN_SYNC.format('2 models')}\n"


def test_a_second_adopt_has_nothing_to_do_and_says_so(reconciler, fresh, folder, host):
    model(folder)
    model(folder, "other", seed=2)
    told = reconciler("adopt")
    assert (told.status, told.out) == (0, "Nothing to adopt: no declared model is on a host.\n")
    reconciler("apply", "--auto-approve")
    assert fresh("adopt", "tiny").status == 0
    told = fresh("adopt", "tiny")
    assert (told.status, told.out) == (0, "Nothing to adopt: 1 model is ours already.\n")
    assert fresh("adopt").status == 0
    assert fresh("adopt").out == "Nothing to adopt: 2 models are ours already.\n"


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("tin", 1, "error: nothing was done: no resource is named tin:latest\n  hint: did you mean tiny:latest?"),
        ("else", 1, "nothing was done: else:latest is on no host that answers\n  hint: `reconciler apply` brings it"),
        ("lost", 1, "error: default/lost:latest: nothing was done: "),
        ("a/b/c/d", 64, "is not a model's name"),
    ],
)
def test_what_cannot_be_adopted_is_told_and_the_rest_is_left_alone_with_it(
    reconciler, fresh, folder, host, name, status, message
):
    model(folder)
    model(folder, "lost", seed=2)
    reconciler("apply", "--auto-approve")
    (folder / "lost.gguf").write_bytes(b"no model at all")
    model(folder, "else", seed=3)
    told = fresh("adopt", "tiny", name)
    assert (told.status, told.out) == (status, "")
    assert message in told.err
    assert fresh("registry", "list").out == "0 models on record.\n"


def test_nothing_to_adopt_is_no_success_where_a_host_is_silent(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    declare_host(folder, "default", host.url)
    declare_host(folder, "gone", "http://127.0.0.1:1")
    told = reconciler("adopt")
    assert (told.status, told.out.splitlines()[0]) == (1, "Nothing to adopt: 1 model is ours already.")
    assert "nothing is known about 1 host (gone)" in told.out


def test_forget_touches_nothing_and_asks_no_host(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    before = dict(host.store.manifests)
    host.seen.clear()
    assert reconciler("forget", "tiny").status == 0
    assert host.seen == []
    assert host.store.manifests == before
    assert reconciler("registry", "list", "--format", "json").out == "{}\n"
    assert "forget" in reconciler("registry", "history").out
    again = reconciler("forget", "tiny")
    assert (again.status, "tiny:latest is not on record" in again.err) == (1, True)


def _undeclare(folder, name):
    (folder / f"{name}.yaml").unlink()


def test_what_is_no_longer_declared_is_kept_and_said_so(reconciler, folder, host):
    model(folder)
    model(folder, "old", seed=1)
    reconciler("apply", "--auto-approve")
    _undeclare(folder, "old")
    plan = reconciler("plan", "--detailed-exitcode")
    assert (plan.status, "old:latest" in plan.out) == (0, True)
    assert reconciler("apply", "--auto-approve").status == 0
    assert any("old" in name for name in host.store.manifests)


@pytest.mark.parametrize("how", ["flag", "policy"])
def test_prune_deletes_what_is_ours_and_undeclared_last_and_only_that(reconciler, folder, host, how):
    model(folder)
    model(folder, "old", seed=1)
    reconciler("apply", "--auto-approve")
    host.store.manifests[("registry.ollama.ai", "library", "old-but-theirs", "latest")] = next(
        iter(host.store.manifests.values())
    )
    _undeclare(folder, "old")
    model(folder, "new", seed=2)
    if how == "policy":
        write(folder, "policy", "kind: Policy\nmetadata: {name: default}\nspec: {prune: owned}\n")
    words = ["--prune"] if how == "flag" else []
    assert "- old:latest" in reconciler("plan", *words).out
    host.seen.clear()
    assert reconciler("apply", "--auto-approve", *words).status == 0
    assert [name[2] for name in sorted(host.store.manifests)] == ["new", "old-but-theirs", "tiny"]
    writes = [seen for seen in host.seen if seen.call in {"create", "copy", "delete"}]
    assert writes[-1].body["model"] == "old:latest"
    assert reconciler("plan", *words).out == f"{IN_SYNC.format('2 models')}\n"


def test_a_typo_beside_an_old_name_deletes_no_more_than_it_says(reconciler, folder, host):
    for seed, name in enumerate(("gemma3:4b", "gemma3:27b", "gemma3n:e4b", "my-gemma3-fork", "Phi")):
        model(folder, name, seed=seed)
    reconciler("apply", "--auto-approve")
    _undeclare(folder, "gemma3-4b")
    model(folder, "gema3:4b", seed=9)
    plan = reconciler("plan", "--prune").out
    assert [line.split()[:2] for line in plan.splitlines() if line.strip()[:2] in {"- ", "+ "}] == [
        ["+", "gema3:4b"],
        ["-", "gemma3:4b"],
    ]


def test_drift_is_never_pruned(reconciler, folder, host):
    model(folder)
    model(folder, "old", seed=1)
    reconciler("apply", "--auto-approve")
    _undeclare(folder, "old")
    keys = {name[2]: name for name in host.store.manifests}
    host.store.manifests[keys["old"]] = host.store.manifests[keys["tiny"]]
    assert reconciler("plan").status == 0
    plan = reconciler("plan", "--prune")
    assert (plan.status, "! old:latest" in plan.out) == (3, True)
    reconciler("apply", "--auto-approve", "--prune")
    assert keys["old"] in host.store.manifests


def test_a_protected_or_a_loaded_model_is_not_pruned(reconciler, folder, host):
    model(folder)
    model(folder, "dear", seed=1, more="protect: true")
    model(folder, "busy", seed=2)
    reconciler("apply", "--auto-approve")
    _undeclare(folder, "dear")
    _undeclare(folder, "busy")
    host.loaded.append("busy:latest")
    assert reconciler("apply", "--auto-approve", "--prune").status == 0
    assert {name[2] for name in host.store.manifests} == {"tiny", "dear", "busy"}
    host.loaded.clear()
    assert reconciler("apply", "--auto-approve", "--prune").status == 0
    assert {name[2] for name in host.store.manifests} == {"tiny", "dear"}


def test_too_many_deletes_are_refused_with_the_numbers_before_the_first_write(reconciler, folder, host):
    for seed, name in enumerate(("a", "b", "c")):
        model(folder, name, seed=seed)
    reconciler("apply", "--auto-approve")
    _undeclare(folder, "b")
    _undeclare(folder, "c")
    model(folder, "a", seed=8)
    host.seen.clear()
    result = reconciler("apply", "--auto-approve", "--prune")
    assert result.status == 3
    assert "2 of 3 models would be deleted, and the limit is 50%" in result.out + result.err
    assert not host.calls("create", "copy", "delete", "upload")
    limits = "limits: {deleteShare: 100%, deletes: 2, downloadBytes: 1MB}"
    write(folder, "policy", f"kind: Policy\nmetadata: {{name: default}}\nspec: {{prune: owned, {limits}}}\n")
    assert reconciler("apply", "--auto-approve").status == 0


@pytest.mark.parametrize("what", ["empty folder", "only a host", "no folder", "broken"])
def test_without_any_model_declared_nothing_is_ever_deleted(reconciler, folder, host, what):
    model(folder)
    reconciler("apply", "--auto-approve")
    before = dict(host.store.manifests)
    _undeclare(folder, "tiny")
    if what == "only a host":
        declare_host(folder, "default", host.url)
    elif what == "no folder":
        (folder / "tiny.gguf").unlink()
        folder.rmdir()
    elif what == "broken":
        write(folder, "broken", "kind: Model\n")
    result = reconciler("apply", "--auto-approve", "--prune")
    assert result.status in {1, 3}
    assert result.err
    assert host.store.manifests == before
