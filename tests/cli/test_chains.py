"""Chains of sources on the command line: which one is taken, why the others are not, and what a lock holds of that."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.cli.locking import LOCK, held
from tests.conftest import REPOSITORY
from tests.fakes.http_faults import Fault
from tests.manifests import tune, write
from tests.parts.gguf import tiny_model

FAR, NEAR = "huggingface org/repo@main Q4_K_M", "gguf ./near.gguf"
NO_Q4 = "not huggingface org/repo@main Q4_K_M: org/repo has no Q4_K_M; it has m-Q8_0.gguf"


@pytest.fixture
def chain(folder, hub, host, monkeypatch):
    """Declare a model that a repo has in another quantisation only, and a file beside the manifest has as well."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    tiny_model(folder / "near.gguf")
    declare(folder)
    publish(folder, hub, "Q8_0")
    return hub


def declare(folder, name="m", sources="[{huggingface: {repo: org/repo, quantization: Q4_K_M}}, {gguf: ./near.gguf}]"):
    write(folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec: {{sources: {sources}}}\n")


def publish(folder, hub, *quantizations, seed=7):
    """Commit the same model under the names of these quantisations."""
    tiny_model(folder.parent / "far.gguf", seed=seed)
    hub.commit("org/repo", {f"m-{name}.gguf": folder.parent / "far.gguf" for name in quantizations})


def is_down(hub):
    hub.fail(Fault("hub", times=1000, status=503))


def planned(reconciler, *flags):
    """Return the exit status and the one change of a plan, whose JSON is as its schema says."""
    result = reconciler("plan", "--format", "json", *flags)
    whole = json.loads(result.out)
    Draft202012Validator(json.loads((REPOSITORY / "schemas" / "report.schema.json").read_text())).validate(whole)
    (change,) = whole["changes"]
    return result.status, change


def taken(change):
    return [item["taken"] for item in change["sources"]]


def test_the_first_that_can_be_had_is_taken_and_the_plan_says_why(reconciler, chain):
    result = reconciler("plan")
    assert result.status == 0
    assert "      source 2 of 2: gguf /" in result.out
    assert f"      {NO_Q4}" in result.out
    status, change = planned(reconciler)
    assert (status, change["action"], taken(change)) == (0, "create", [False, True])
    assert change["desired"]["source"] == "gguf"
    assert (change["sources"][0]["reference"], "reason" in change["sources"][1]) == (FAR, False)


def test_nothing_after_it_is_asked(reconciler, folder, chain):
    publish(folder, chain, "Q4_K_M")
    (folder / "near.gguf").write_bytes(b"no model at all")
    result = reconciler("plan")
    assert (result.status, "source 1 of 2: huggingface org/repo@main Q4_K_M\n" in result.out) == (0, True)
    assert "      not " not in result.out


def test_a_hub_that_is_down_moves_no_model_to_another_source(reconciler, folder, chain):
    publish(folder, chain, "Q4_K_M")
    assert reconciler("apply", "--auto-approve").status == 0
    is_down(chain)
    status, change = planned(reconciler)
    assert (status, change["action"], change["reasons"]) == (1, "refuse", ["unresolved"])
    assert change["sources"][0]["reason"].endswith("which may pass, so no later one is taken")
    assert change["sources"][1]["reason"] == "it was not tried"
    result = reconciler("plan")
    assert "This plan is incomplete: 1 model could not be resolved." in result.out
    assert "none of its 2 sources can be taken: not huggingface" in result.out
    assert reconciler("apply", "--auto-approve").status == 1


def test_where_all_fail_every_reason_is_told_and_what_is_built_on_it_waits(reconciler, folder, chain):
    (folder / "near.gguf").write_bytes(b"no model at all")
    tune(folder, "bot", "m")
    result = reconciler("plan")
    assert result.status == 1
    assert NO_Q4 in result.out
    assert "; not gguf /" in result.out
    assert "its base m:latest could not be resolved" in result.out
    diff = reconciler("diff", "m")
    assert (diff.status, NO_Q4 in diff.out) == (1, True)


def test_a_switch_to_another_source_is_a_reason_of_its_own(reconciler, folder, chain):
    assert reconciler("apply", "--auto-approve").status == 0
    shown = reconciler("registry", "show", "m").out
    assert "  source 2 of 2: gguf /" in shown
    assert NO_Q4 in shown
    assert "source 2 of 2: gguf" in reconciler("status").out

    publish(folder, chain, "Q4_K_M")
    status, change = planned(reconciler)
    assert (status, change["action"], change["reasons"]) == (0, "update", ["source_changed"])
    assert "taken from another of its sources" in reconciler("plan").out
    assert reconciler("apply", "--auto-approve").status == 0
    assert planned(reconciler)[1]["reasons"] == ["in_sync"]
    assert "source 1 of 2: huggingface" in reconciler("registry", "show", "m").out
    listed = json.loads(reconciler("registry", "list", "--format", "json").out)
    assert taken(listed["ollama:m:latest"]["metadata"]) == [True, False]


def test_only_the_source_that_is_taken_is_locked_and_it_stays(reconciler, folder, chain):
    assert reconciler("lock").status == 0
    assert list(held(folder)) == [NEAR]
    assert reconciler("apply", "--auto-approve", "--locked").status == 0

    publish(folder, chain, "Q4_K_M")
    status, change = planned(reconciler)
    assert (status, change["action"], taken(change)) == (0, "no-op", [False, True])
    assert change["sources"][0]["reason"] == "another one is locked, though this one can be had now"
    told = "1 model could come from an earlier source than what is locked: m:latest"
    assert f"{told}; `reconciler lock --upgrade` moves it." in reconciler("plan").out
    assert "not huggingface org/repo@main Q4_K_M: another one is locked" in reconciler("diff", "m").out
    assert reconciler("lock").status == 0
    assert list(held(folder)) == [NEAR]
    is_down(chain)
    assert planned(reconciler)[:1] == (0,)  # what is locked needs nobody
    assert reconciler("lock", "--check").status == 0


def test_an_upgrade_tries_all_of_them_anew(reconciler, folder, chain):
    assert reconciler("lock").status == 0
    publish(folder, chain, "Q4_K_M")
    assert reconciler("lock", "--upgrade", "m").status == 0
    assert list(held(folder)) == [FAR]
    assert taken(planned(reconciler)[1]) == [True, False]

    is_down(chain)
    before = (folder / LOCK).read_bytes()
    result = reconciler("lock", "--upgrade", "m")
    assert (result.status, "which may pass" in result.err) == (1, True)
    assert (folder / LOCK).read_bytes() == before


def test_an_upgrade_to_a_later_source_forgets_the_earlier_one_even_in_a_single_file(reconciler, folder, chain):
    publish(folder, chain, "Q4_K_M")
    declare(folder, "other", "[{gguf: ./near.gguf}]")
    assert reconciler("lock").status == 0
    assert list(held(folder)) == [NEAR, FAR]
    chain.commit("org/repo", {"README.md": b"moved away"})
    assert reconciler("lock", "--upgrade", "m", "--manifests", "manifests/m.yaml").status == 0
    assert list(held(folder)) == [NEAR]


def test_an_entry_of_one_source_is_enough_and_none_is_too_few(reconciler, folder, chain):
    status, change = planned(reconciler, "--locked")
    assert (status, change["reasons"]) == (3, ["not_locked"])
    assert "none of its 2 sources is in the lock: huggingface org/repo@main Q4_K_M, gguf /" in change["note"]
    assert reconciler("lock", "--check").status == 2
    assert reconciler("lock").status == 0
    assert planned(reconciler, "--locked")[0] == 0


def test_a_check_names_all_that_would_do_and_what_is_locked_for_nothing(reconciler, folder, chain):
    (folder / LOCK).write_text('{"lock_version": 1, "references": {}}')
    result = reconciler("lock", "--check")
    assert (result.status, f"none of {FAR}, {NEAR} is in manifests/{LOCK}" in result.out) == (2, True)
    publish(folder, chain, "Q4_K_M")
    assert reconciler("lock").status == 0
    whole = json.loads((folder / LOCK).read_text())
    declare(folder, "m", "[{gguf: ./near.gguf}]")
    assert reconciler("lock").status == 0
    whole["references"].update(held(folder))
    (folder / LOCK).write_text(json.dumps(whole))
    declare(folder)
    result = reconciler("lock", "--check")
    assert (result.status, f"another source is taken than {NEAR}" in result.out) == (2, True)


def test_a_modelfile_names_the_source_that_is_taken(reconciler, folder, chain):
    result = reconciler("export", "--modelfile", "m")
    assert (result.status, f"FROM {folder.resolve()}/near.gguf\n" in result.out) == (0, True)
    (folder / "near.gguf").write_bytes(b"no model at all")
    result = reconciler("export", "--modelfile", "m")
    assert (result.status, f"none of its 2 sources can be taken: {NO_Q4}" in result.err) == (1, True)
