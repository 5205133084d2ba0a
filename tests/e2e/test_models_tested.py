"""Tests of models on a real server, which can't infer here: the failing branch, down to what is left on the host."""

import json

import pytest

from reconciler.core.steps import STAGING_NAMESPACE
from tests.manifests import model, write
from tests.parts.gguf import tiny_model
from tests.parts.registry import Layer, RealRegistry

pytestmark = pytest.mark.ollama
MEDIA = "application/vnd.ollama.image."
ASKS = "test: {prompt: '2+2=', expect: what no model says}"
GUARDED = "test: {prompt: '2+2=', expect: what no model says, rollback: true}"
COUNTS = "test: {embedding: {dimensions: 7}, rollback: true}"


def listed(witness) -> dict[str, str]:
    return {item.model: item.digest for item in witness.list().models if item.model and item.digest}


def staged(witness) -> list[str]:
    return [name for name in listed(witness) if STAGING_NAMESPACE in name]


def test_a_model_that_fails_stays_and_is_only_asked_again(reconciler, folder, witness, show, unique):
    model(folder, unique, more=f"system: new\n{ASKS}")
    first = reconciler("apply", "--auto-approve")
    assert first.status == 1
    assert "it was made, but its test failed: " in first.out
    assert show(unique)["system"] == "new"
    before = {item.model: item.modified_at for item in witness.list().models}
    plan = reconciler("plan", "--detailed-exitcode")
    assert plan.status == 2
    assert f"? {unique}:latest  test  its test has not passed" in plan.out
    assert "untested" in reconciler("status").out
    second = reconciler("apply", "--auto-approve")
    assert second.status == 1
    assert {item.model: item.modified_at for item in witness.list().models} == before
    history = json.loads(reconciler("registry", "history", "--format", "json").out)
    told = [(item["action"], item["status"]) for item in history["outcomes"]]
    assert told == [("test", "failed"), ("test", "failed"), ("create", "applied")]
    model(folder, unique, more="system: new")
    assert reconciler("plan", "--detailed-exitcode").status == 0


@pytest.mark.parametrize("test", [GUARDED, COUNTS], ids=["prompt", "embedding"])
def test_with_rollback_the_old_model_is_never_touched(reconciler, folder, witness, show, unique, test):
    model(folder, unique, more="system: old")
    assert reconciler("apply", "--auto-approve").status == 0
    before = listed(witness)
    model(folder, unique, seed=1, more=f"system: new\n{test}")
    assert reconciler("apply", "--auto-approve").status == 1
    assert listed(witness) == before
    assert show(unique)["system"] == "old"


def test_with_rollback_a_new_model_is_not_there(reconciler, folder, witness, unique):
    model(folder, unique, more=GUARDED)
    before = listed(witness)
    assert reconciler("apply", "--auto-approve").status == 1
    assert listed(witness) == before
    assert reconciler("plan", "--detailed-exitcode").status == 2


def test_with_rollback_what_is_pulled_in_place_gives_the_name_back(
    reconciler, folder, tmp_path, witness, show, unique, registry: RealRegistry
):
    name = f"{registry.hub}/team/{unique}:v1"
    spec = f"{{source: {{ollama: {{name: '{name}', insecure: true}}}}"
    push(registry, tmp_path, unique, "old", 1)
    write(folder, "m", f"kind: Model\nmetadata: {{name: '{name}'}}\nspec: {spec}}}\n")
    assert reconciler("apply", "--auto-approve").status == 0
    before = listed(witness)
    push(registry, tmp_path, unique, "new", 2)
    write(folder, "m", f"kind: Model\nmetadata: {{name: '{name}'}}\nspec: {spec}, {GUARDED}}}\n")
    result = reconciler("apply", "--auto-approve")
    assert result.status == 1
    assert "its test failed" in result.out
    assert listed(witness) == before
    assert show(name)["system"] == "old"
    assert staged(witness) == []


def push(registry: RealRegistry, folder, name: str, system: str, seed: int) -> None:
    """Have the tag mean another model."""
    file = folder / f"{seed}.gguf"
    tiny_model(file, seed=seed)
    layers = Layer(f"{MEDIA}model", file.read_bytes()), Layer(f"{MEDIA}system", system.encode())
    about = b'{"model_format":"gguf","model_family":"llama","architecture":"amd64","os":"linux"}'
    registry.put_model(f"team/{name}", "v1", *layers, config=about)
