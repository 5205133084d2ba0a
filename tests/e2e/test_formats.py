"""What models are made of, on a real server: each format imported, seen by the server as what it is, and in sync."""

import json
from typing import Any

import pytest

from reconciler.core.digest import Digest
from tests.e2e.yard import Yard
from tests.fakes.hf_server import HubServer
from tests.manifests import write
from tests.parts.gguf import tiny_adapter, tiny_model, tiny_projector

pytestmark = [pytest.mark.ollama]


def declare(yard: Yard, word: str, source: Any, more: str = "") -> None:
    """Declare a model from any source."""
    text = f"kind: Model\nmetadata: {{name: {yard.name(word)}}}\nspec:\n  source: {json.dumps(source)}\n{more}"
    write(yard.folder, word, text)


@pytest.fixture
def vision(huggingface: HubServer, yard: Yard) -> dict[str, bytes]:
    """Put a model and its projector on the hub, and give both by their names there."""
    made = {"v-F16.gguf": tiny_model, "mmproj-v.gguf": tiny_projector}
    content = {}
    for name, make in made.items():
        make(yard.folder.parent / name, seed=sum(yard.prefix.encode()))
        content[name] = (yard.folder.parent / name).read_bytes()
    huggingface.commit("org/v-GGUF", content)
    return content


@pytest.mark.parametrize("more", ["", "  quantize: q8_0\n"], ids=["as it is", "quantised"])
def test_a_model_from_hugging_face_sees_through_its_projector(yard: Yard, vision: dict[str, bytes], more: str) -> None:
    declare(yard, "v", {"huggingface": {"repo": "org/v-GGUF"}}, more)

    yard.apply()

    shown = yard.hands.show(yard.name("v"))
    assert {"vision", "completion"} <= set(shown["capabilities"])
    assert Digest.of(vision["mmproj-v.gguf"]).hex in shown["modelfile"]
    assert yard.plan() == {}


def test_a_model_that_was_made_without_its_projector_is_planned_anew(yard: Yard, vision: dict[str, bytes]) -> None:
    declare(yard, "v", {"huggingface": {"repo": "org/v-GGUF", "mmproj": "none"}})
    yard.apply()
    assert "vision" not in yard.hands.show(yard.name("v"))["capabilities"]

    declare(yard, "v", {"huggingface": {"repo": "org/v-GGUF"}})

    assert yard.plan() == {"v": ("update", ["spec_changed"])}
    yard.apply()
    assert "vision" in yard.hands.show(yard.name("v"))["capabilities"]


def test_a_local_pair_is_recognised_by_a_registry_that_knows_nothing(yard: Yard, monkeypatch, tmp_path) -> None:
    tiny_model(yard.folder / "m.gguf", seed=7)
    tiny_projector(yard.folder / "eyes.gguf", seed=7)
    declare(yard, "v", {"gguf": {"path": "./m.gguf", "mmproj": "./eyes.gguf"}})
    yard.apply()

    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite:///{tmp_path}/other.db")

    assert yard.plan() == {"v": ("adopt", ["already_present"])}


def test_an_adapter_from_hugging_face_is_laid_over_its_base_and_over_no_other(
    yard: Yard, huggingface: HubServer
) -> None:
    file = yard.folder.parent / "lora.gguf"
    digest = tiny_adapter(file, seed=8)
    huggingface.commit("org/lora-GGUF", {"lora.gguf": file})
    yard.model(seed=8)
    yard.tune("tuned", "base", "adapter: {huggingface: {repo: org/lora-GGUF}}")

    yard.apply()

    assert digest.hex in yard.hands.show(yard.name("tuned"))["modelfile"]
    assert yard.plan() == {}

    tiny_adapter(file, seed=8, architecture="qwen2")
    huggingface.commit("org/lora-GGUF", {"lora.gguf": file})
    told = yard.reconciler("plan")
    assert told.status == 1
    assert "is an adapter for qwen2, and its base" in " ".join(told.out.split())
