"""Chains of sources on real servers: where a repo lacks the quantisation, the registry has the model."""

import json

import pytest

from tests.fakes.hf_server import HubServer
from tests.fakes.http_faults import Fault
from tests.manifests import write
from tests.parts.gguf import tiny_model
from tests.parts.registry import RealRegistry

pytestmark = [pytest.mark.ollama, pytest.mark.hub]


@pytest.fixture
def name(yard, registry: RealRegistry, huggingface: HubServer) -> str:
    """Declare a model that the repo has in F16 only, and the registry has as it is; return its name there."""
    pulled = f"{registry.hub}/team/{yard.prefix}:latest"
    yard.make(pulled, seed=91)
    yard.hands.publish(pulled)
    commit(yard, huggingface, "F16")
    far = {"huggingface": {"repo": "org/tiny-GGUF", "quantization": "Q4_K_M"}}
    sources = [far, {"ollama": {"name": pulled, "insecure": True}}]
    write(
        yard.folder, "m", f"kind: Model\nmetadata: {{name: {yard.name('m')}}}\nspec: {{sources: {json.dumps(sources)}}}"
    )
    return pulled


def commit(yard, huggingface: HubServer, *quantizations: str) -> str:
    """Commit a model under the names of these quantisations; return the digest of its weights."""
    file = yard.folder.parent / "far.gguf"
    digest = str(tiny_model(file, seed=92))
    huggingface.commit("org/tiny-GGUF", {f"tiny-{item}.gguf": file.read_bytes() for item in quantizations})
    return digest


def test_the_registry_serves_what_the_repo_lacks_until_somebody_moves_the_lock(yard, huggingface, name):
    plan = yard.reconciler("plan")
    assert (plan.status, f"      source 2 of 2: ollama {name}" in plan.out) == (0, True)
    assert "not huggingface org/tiny-GGUF@main Q4_K_M: org/tiny-GGUF has no Q4_K_M; it has tiny-F16.gguf" in plan.out
    assert yard.reconciler("lock").status == 0
    yard.apply()
    assert set(yard.listed()) == {"m"}  # and not under the registry's name
    assert f"source 2 of 2: ollama {name}" in yard.reconciler("registry", "show", yard.name("m")).out

    digest = commit(yard, huggingface, "F16", "Q4_K_M")
    assert yard.plan() == {}
    assert "could come from an earlier source" in yard.reconciler("plan").out
    assert yard.reconciler("lock", "--upgrade", yard.name("m")).status == 0
    assert yard.plan() == {"m": ("update", ["source_changed"])}
    yard.apply()
    assert digest.replace(":", "-") in yard.hands.show(yard.name("m"))["modelfile"]
    assert yard.plan() == {}


def test_a_repo_that_cannot_be_asked_leaves_the_model_as_it_is(yard, huggingface, name):
    commit(yard, huggingface, "Q4_K_M")
    yard.apply()
    before = yard.listed()
    huggingface.fail(Fault("hub", times=1000, status=503))
    assert yard.plan() == {"m": ("refuse", ["unresolved"])}
    assert yard.reconciler("apply", "--auto-approve").status == 1
    assert yard.listed() == before
