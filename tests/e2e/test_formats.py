"""What models are made of, on a real server: each format imported, seen by the server as what it is, and in sync."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.digest import Digest
from tests.e2e.yard import Yard
from tests.fakes.hf_server import HubServer
from tests.manifests import write
from tests.parts.gguf import tiny_adapter, tiny_model, tiny_projector
from tests.parts.safetensors import put, tiny_llama, tiny_lora

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


FORMS = [("one file", 1, ""), ("in parts", 2, ""), ("quantised", 1, "  quantize: q8_0\n")]


@pytest.mark.parametrize("where", ["safetensors", "huggingface"])
@pytest.mark.parametrize(("parts", "more"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_safetensors_are_converted(yard: Yard, huggingface: HubServer, where: str, parts: int, more: str) -> None:
    files = {**tiny_llama(seed=sum(yard.prefix.encode()), parts=parts), "README.md": b"#"}
    put(yard.folder / "tiny", files)
    weights = {name: content for name, content in files.items() if name.endswith(".safetensors")}
    huggingface.commit("org/tiny", weights)
    huggingface.add("org/tiny", {name: content for name, content in files.items() if name not in weights}, lfs=False)
    hub = {"huggingface": {"repo": "org/tiny", "format": "safetensors"}}
    declare(yard, "t", hub if where == "huggingface" else {"safetensors": "./tiny"}, more)

    yard.apply()

    shown = yard.hands.show(yard.name("t"))
    assert (shown["details"]["family"], shown["model_info"]["llama.embedding_length"]) == ("llama", 64)
    assert shown["details"]["quantization_level"] == ("Q8_0" if more else "F16")
    assert yard.plan() == {}
    (yard.folder / "tiny" / "README.md").write_text("# another")
    assert yard.plan() == {}


@pytest.mark.parametrize("where", ["safetensors", "huggingface"])
def test_an_adapter_in_safetensors_is_laid_over_a_llama(yard: Yard, huggingface: HubServer, where: str) -> None:
    put(yard.folder / "tiny", tiny_llama(seed=9))
    put(yard.folder / "lora", tiny_lora(seed=9))
    huggingface.commit("org/lora", tiny_lora(seed=9))
    declare(yard, "base", {"safetensors": "./tiny"})
    hub = "{huggingface: {repo: org/lora, format: safetensors}}"
    yard.tune("tuned", "base", f"adapter: {hub if where == 'huggingface' else '{safetensors: ./lora}'}")

    yard.apply()

    assert "\nADAPTER /" in yard.hands.show(yard.name("tuned"))["modelfile"]
    assert yard.plan() == {}


NEW_MODULES = {
    "Transformer": "sentence_transformers.base.modules.transformer.Transformer",
    "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "Normalize": "sentence_transformers.sentence_transformer.modules.normalize.Normalize",
}


def as_written_by_5_4(files: dict[str, bytes | Path]) -> dict[str, bytes | Path]:
    """Return the files of a model with what sentence-transformers 5.4 would write of its pooling."""
    modules = [{"path": path, "type": NEW_MODULES[kind]} for path, kind in zip(PATHS, NEW_MODULES, strict=True)]
    pooling = {"embedding_dimension": 384, "pooling_mode": "mean", "include_prompt": True}
    return {
        **files,
        "modules.json": json.dumps(modules).encode(),
        "1_Pooling/config.json": json.dumps(pooling).encode(),
    }


PATHS = ("", "1_Pooling", "2_Normalize")


@pytest.mark.parametrize("where", ["safetensors", "huggingface"])
def test_embeddings_are_pooled_as_the_model_says_whoever_wrote_it(
    yard: Yard, huggingface: HubServer, minilm: Path, where: str
) -> None:
    files: dict[str, bytes | Path] = {str(path.relative_to(minilm)): path for path in minilm.rglob("*.*")}
    weights = {name: path for name, path in files.items() if name.endswith(".safetensors")}
    for word, content in {"old": files, "new": as_written_by_5_4(files)}.items():
        small = {name: path for name, path in content.items() if name not in weights}
        huggingface.commit(f"org/{word}", weights)
        huggingface.add(f"org/{word}", small, lfs=False)
        put(yard.folder / word, {n: c.read_bytes() if isinstance(c, Path) else c for n, c in content.items()})
        hub = {"huggingface": {"repo": f"org/{word}", "format": "safetensors"}}
        declare(yard, word, hub if where == "huggingface" else {"safetensors": f"./{word}"})

    yard.apply()

    old, new = (yard.hands.show(yard.name(word)) for word in ("old", "new"))
    assert old["model_info"]["bert.pooling_type"] == new["model_info"]["bert.pooling_type"] == 1
    assert old["capabilities"] == ["embedding"]
    assert old["modelfile"].split("\nFROM ")[1] == new["modelfile"].split("\nFROM ")[1]
    assert yard.plan() == {}
