"""The main job on real servers: from a manifest to a model, drift and repair; and never others' models."""

from pathlib import Path

import pytest
from ollama import Client

from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_adapter, tiny_model
from tests.parts.registry import RealRegistry

pytestmark = pytest.mark.ollama
IN_SYNC = "No changes."


def _digests(witness: Client) -> dict[str, tuple[str, object]]:
    return {item.model: (item.digest, item.modified_at) for item in witness.list().models}


def _one_pull(folder, name: str, source: str) -> None:
    write(folder, "m", f"kind: Model\nmetadata: {{name: '{name}'}}\nspec:\n  source:\n    ollama: {source}\n")


def test_from_a_manifest_to_a_model_and_back_to_in_sync(reconciler, folder, witness, show, unique):
    base, bot = f"{unique}-base:v1", f"{unique}-bot:latest"
    model(folder, base, more="parameters: {num_ctx: 512}")
    tune(
        folder, bot, base, "system: Be brief.\nexamples:\n  - {user: hi, assistant: ho}\nparameters: {stop: ['<|x|>']}"
    )
    assert reconciler("plan", "--detailed-exitcode").status == 2
    assert reconciler("apply", "--auto-approve").status == 0
    shown = show(bot)
    assert shown["system"] == "Be brief."
    assert shown["messages"] == [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    assert "<|x|>" in shown["parameters"]
    assert "512" in shown["parameters"]
    before = _digests(witness)
    assert reconciler("plan", "--detailed-exitcode").out.startswith(IN_SYNC)
    assert reconciler("apply", "--auto-approve").status == 0
    assert _digests(witness) == before  # not even a time of change moved


def test_what_somebody_changes_is_seen_field_by_field_and_put_back(reconciler, folder, witness, show, unique):
    base, bot = f"{unique}-base", f"{unique}-bot"
    model(folder, base)
    tune(folder, bot, base, "system: Be kind.\nparameters: {temperature: 0.2}")
    reconciler("apply", "--auto-approve")
    witness.create(model=bot, from_=base, system="Be rude.", parameters={"temperature": 0.9})
    plan = reconciler("plan", "--detailed-exitcode")
    assert plan.status == 2
    shown = " ".join(plan.out.split())
    assert "drifted: parameters.temperature 0.9 → 0.2" in shown
    assert "drifted: system 'Be rude.' → 'Be kind.'" in shown
    assert reconciler("apply", "--auto-approve").status == 0
    assert show(bot)["system"] == "Be kind."
    assert reconciler("plan").out.startswith(IN_SYNC)


def test_a_build_is_rebuilt_when_its_base_changed_and_only_then(reconciler, folder, witness, unique):
    base, bot, other = f"{unique}-base", f"{unique}-bot", f"{unique}-other"
    model(folder, base)
    model(folder, other, seed=7)
    tune(folder, bot, base)
    reconciler("apply", "--auto-approve")
    before = _digests(witness)
    model(folder, base, seed=1)
    plan = reconciler("plan").out
    assert f"~ {base}:latest" in plan
    assert "base changed" in plan
    assert reconciler("apply", "--auto-approve").status == 0
    after = _digests(witness)
    assert after[f"{bot}:latest"][0] != before[f"{bot}:latest"][0]
    assert after[f"{other}:latest"] == before[f"{other}:latest"]
    assert reconciler("plan").out.startswith(IN_SYNC)


def test_models_of_others_are_never_touched(reconciler, folder, witness, unique):
    model(folder, f"{unique}-mine")
    reconciler("apply", "--auto-approve")
    theirs = f"{unique}-theirs"
    witness.create(model=theirs, from_=f"{unique}-mine", system="theirs")
    before = _digests(witness)
    tune(folder, theirs, f"{unique}-mine", "system: ours")
    result = reconciler("apply", "--auto-approve")
    assert result.status == 3
    assert f"! {theirs}:latest" in result.out
    assert _digests(witness) == before


def test_a_lora_adapter_is_laid_over_its_base(reconciler, folder, witness, show, unique):
    model(folder, f"{unique}-base")
    digest = tiny_adapter(folder / "lora.gguf")
    tune(folder, f"{unique}-bot", f"{unique}-base", "adapter: {gguf: ./lora.gguf}")
    assert reconciler("apply", "--auto-approve").status == 0
    assert "ADAPTER" in show(f"{unique}-bot")["modelfile"]
    assert digest.hex in show(f"{unique}-bot")["modelfile"]
    assert reconciler("plan").out.startswith(IN_SYNC)


def test_a_gguf_is_quantised_by_the_host(reconciler, folder, witness, show, unique):
    model(folder, f"{unique}-q", more="quantize: q8_0")
    assert reconciler("apply", "--auto-approve").status == 0
    assert show(f"{unique}-q")["details"]["quantization_level"] == "Q8_0"
    assert reconciler("plan").out.startswith(IN_SYNC)


def test_a_model_from_hugging_face_is_downloaded_once_and_cleaned_up(
    reconciler, folder, witness, huggingface, unique, tmp_path
):
    tiny_model(tmp_path / "t.gguf", seed=11)
    huggingface.commit("org/repo", {"tiny-Q8_0.gguf": tmp_path / "t.gguf"})
    write(
        folder,
        "m",
        f"kind: Model\nmetadata: {{name: {unique}}}\nspec:\n  source:\n"
        "    huggingface: {repo: org/repo, quantization: Q8_0}\n",
    )
    assert reconciler("apply", "--auto-approve").status == 0
    asked = len(huggingface.requests)
    assert reconciler("plan").out.startswith(IN_SYNC)
    assert len(huggingface.requests) == asked + 1  # one small request tells that nothing moved
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "downloads" in path.parts]


def test_a_blob_that_the_host_has_is_not_downloaded(reconciler, folder, witness, huggingface, unique, tmp_path):
    model(folder, f"{unique}-local", seed=12)
    reconciler("apply", "--auto-approve")
    huggingface.commit("org/same", {"tiny-Q8_0.gguf": folder / f"{unique}-local.gguf"})
    write(
        folder,
        "m",
        f"kind: Model\nmetadata: {{name: {unique}}}\nspec:\n  source:\n"
        "    huggingface: {repo: org/same, quantization: Q8_0}\n",
    )
    assert "(already on host: 0 B to move)" in reconciler("plan").out
    assert reconciler("apply", "--auto-approve").status == 0
    asked = [request for request in huggingface.requests if request.method == "GET" and "resolve" in request.path]
    assert {request.range.startswith("bytes=0-") for request in asked} == {True}  # its header, to judge it by


@pytest.mark.hub
def test_a_pull_is_foretold_exactly_and_follows_its_tag(reconciler, folder, witness, registry, unique):
    upstream = f"{registry.hub}/team/{unique}:v1"
    _publish(witness, registry, upstream, "one", folder)
    _one_pull(folder, f"{unique}-m", f"{{name: '{upstream}', insecure: true}}")
    assert reconciler("apply", "--auto-approve").status == 0
    names = _digests(witness)
    assert f"{unique}-m:latest" in names
    assert upstream not in names  # the name that a pull needs is not left behind
    assert reconciler("plan").out.startswith(IN_SYNC)
    _publish(witness, registry, upstream, "two", folder)
    assert "outdated" in reconciler("status").out
    plan = reconciler("plan", "--detailed-exitcode")
    assert (plan.status, "upstream moved" in plan.out) == (2, True)
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("plan").out.startswith(IN_SYNC)


@pytest.mark.hub
def test_an_overlay_on_a_pull_leaves_only_the_build(reconciler, folder, witness, registry, unique, show):
    upstream = f"{registry.hub}/team/{unique}:v1"
    _publish(witness, registry, upstream, "one", folder)
    write(
        folder,
        "m",
        f"kind: Model\nmetadata: {{name: {unique}-m}}\nspec:\n  system: Laid over.\n  source:\n"
        f"    ollama: {{name: '{upstream}', insecure: true}}\n",
    )
    assert reconciler("apply", "--auto-approve").status == 0
    assert show(f"{unique}-m")["system"] == "Laid over."
    assert upstream not in _digests(witness)
    assert reconciler("plan").out.startswith(IN_SYNC)
    before = _digests(witness)
    fresh = reconciler("--registry", f"sqlite:///{folder.parent}/fresh.db", "plan", "--detailed-exitcode")
    assert (fresh.status, "Apply will put 1 of them on record" in fresh.out) == (0, True)
    witness.create(model=f"{unique}-m", from_=f"{unique}-m", system="theirs")
    assert reconciler("--registry", f"sqlite:///{folder.parent}/fresh.db", "plan").status == 3
    assert reconciler("apply", "--auto-approve").status == 0
    assert _digests(witness)[f"{unique}-m:latest"][0] == before[f"{unique}-m:latest"][0]


def test_what_a_hub_does_not_have_is_refused_and_the_rest_is_applied(reconciler, folder, witness, huggingface, unique):
    model(folder, f"{unique}-good")
    write(
        folder,
        "m",
        f"kind: Model\nmetadata: {{name: {unique}-bad}}\nspec:\n  source:\n"
        "    huggingface: {repo: no/where, quantization: Q8_0}\n",
    )
    result = reconciler("apply", "--auto-approve")
    assert result.status == 4
    assert f"{unique}-good:latest" in _digests(witness)
    assert "no/where" in result.out


def _publish(witness: Client, registry: RealRegistry, upstream: str, system: str, folder: Path) -> None:
    """Put a model under a tag of the registry, as a colleague would, and leave nothing of it on the server."""
    digest = tiny_model(folder.parent / "upstream.gguf", seed=21)
    witness.create_blob(folder.parent / "upstream.gguf")
    witness.create(model=upstream, files={"upstream.gguf": str(digest)}, system=system)
    registry.push(str(witness._client.base_url), upstream)
    witness.delete(upstream)
