"""Models from blobs that hosts hold: made where the blob is, refused in words where it is not."""

import pytest

from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_adapter, tiny_model, tiny_projector

UNKNOWN = "sha256:" + "ab" * 32


def held(folder, name, blob, more=""):
    """Declare a model from a blob."""
    write(folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec:\n  source: {{blob: {blob}}}\n{more}")


@pytest.fixture
def weights(folder, host, reconciler) -> str:
    """Return the digest of weights that the host holds, under the model `tiny`."""
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    return str(tiny_model(folder.parent / "same.gguf"))


def test_a_model_is_made_from_what_the_host_holds_and_nothing_is_moved(reconciler, folder, host, weights):
    held(folder, "kept", weights, "  messages: [{role: system, content: Hi}, {role: user, content: ''}]\n")
    planned = reconciler("plan")
    assert f"+ kept:latest  import  blob {weights[7:19]}" in planned.out
    assert "Plan: 1 to create. 0 B to move, disk 0 B." in planned.out
    host.seen.clear()
    assert reconciler("apply", "--auto-approve").status == 0
    assert not host.calls("upload")
    assert host.store.show("kept")["messages"] == [{"role": "system", "content": "Hi"}, {"role": "user", "content": ""}]
    assert reconciler("plan", "--detailed-exitcode").status == 0


@pytest.mark.parametrize("blob", [UNKNOWN, "{{sha256: '{weights}', mmproj: '{unknown}'}}"])
def test_a_host_that_does_not_hold_it_is_told_when_the_plan_is_made(reconciler, folder, weights, blob):
    held(folder, "kept", blob.format(weights=weights, unknown=UNKNOWN))
    planned = reconciler("plan")
    assert planned.status == 1
    assert "the host does not hold the blob abababababab, and Ollama gives none away" in planned.out
    assert "declare where its content comes from" in planned.out
    assert reconciler("apply", "--auto-approve").status != 0


def test_a_host_that_cannot_say_whether_it_holds_it_leaves_the_plan_incomplete(reconciler, folder, host, weights):
    held(folder, "kept", weights)
    host.fail("has_blob", times=10, status=500)
    planned = reconciler("plan")
    assert planned.status == 1
    assert "+ kept" not in planned.out


def test_what_is_locked_of_it_is_the_digest_itself(reconciler, folder, weights):
    held(folder, "kept", weights)
    assert reconciler("lock").status == 0
    assert f'"blob {weights}": {{\n      "sha256": "{weights[7:]}"' in (folder / "reconciler.lock").read_text()
    assert reconciler("lock", "--check").status == 0
    assert reconciler("plan", "--locked").status == 0


def test_a_model_takes_an_adapter_and_a_projector(reconciler, folder, host):
    tiny_model(folder / "m.gguf")
    tiny_projector(folder / "eyes.gguf")
    tiny_adapter(folder / "lora.gguf")
    more = "source: {gguf: {path: m.gguf, mmproj: eyes.gguf}}\n  adapter: {gguf: lora.gguf}"
    write(folder, "all", f"kind: Model\nmetadata: {{name: all}}\nspec:\n  {more}\n")
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("plan", "--detailed-exitcode").status == 0
    shown = str(host.store.show("all")["modelfile"])
    assert (shown.count("FROM /"), shown.count("ADAPTER /")) == (2, 1)


def test_an_adapter_of_another_architecture_than_the_model_is_refused(reconciler, folder, host):
    tiny_model(folder / "m.gguf", architecture="qwen2")
    tiny_adapter(folder / "lora.gguf")
    write(
        folder,
        "all",
        "kind: Model\nmetadata: {name: all}\nspec:\n  source: {gguf: m.gguf}\n  adapter: {gguf: lora.gguf}\n",
    )
    assert "is an adapter for llama, and the model is qwen2" in reconciler("plan").out


def test_an_adapter_over_a_pull_under_its_own_name_needs_another_one(reconciler, folder):
    tiny_adapter(folder / "lora.gguf")
    write(folder, "m", "kind: Model\nmetadata: {name: m}\nspec:\n  source: {ollama: m}\n  adapter: {gguf: lora.gguf}\n")
    assert "base-under-own-name" in reconciler("validate", "--format", "json").out


def test_an_adapter_of_a_build_may_be_a_blob(reconciler, folder, host, weights):
    adapter = tiny_adapter(folder / "lora.gguf")
    tune(folder, "one", "tiny", "adapter: {gguf: lora.gguf}")
    assert reconciler("apply", "--auto-approve").status == 0
    tune(folder, "two", "tiny", f"adapter: {{blob: {adapter}}}\nsystem: Else.")
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("plan", "--detailed-exitcode").status == 0
