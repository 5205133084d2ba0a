"""Names on hubs, looked at before they are pulled: a real registry, and one that answers oddly."""

import json

import pytest

from reconciler.core.compatibility import Outcome, judge
from reconciler.core.digest import Digest
from reconciler.core.found import Format, Found
from reconciler.errors import NotFound, Unusable
from reconciler.sources import Context, inspect, load
from tests.fakes.hf_server import Fault
from tests.fakes.oci_server import OciServer
from tests.parts.registry import MODEL_TYPE, Layer, RealRegistry
from tests.sources.gguf_files import LLAMA, gguf, number, text
from tests.sources.references import ref

LAYER = "application/vnd.ollama.image."
WEIGHTS = gguf(*LLAMA, number("llama.context_length", 4096), number("general.file_type", 15))
CONFIG = json.dumps({"model_format": "gguf", "model_family": "llama", "file_type": "Q4_K_M"}).encode()
LICENSE = b"\n  Apache License\nVersion 2.0\n"


def seen(context: Context, address: str, name: str) -> Found:
    return inspect("ollama", context, f"http://{address}/{name}")


def stored(oci: OciServer, folder, name: str, *layers: tuple[str, bytes], config: bytes = CONFIG) -> None:
    """Put a model on the hub that answers oddly."""
    entries = []
    for number_, (kind, content) in enumerate((("config", config), *layers)):
        digest = str(Digest.of(content))
        path = folder / f"{name.replace('/', '-').replace(':', '-')}-{number_}"
        path.write_bytes(content)
        oci.blobs[digest] = path
        entries.append({"mediaType": f"{LAYER}{kind}", "digest": digest, "size": len(content)})
    body = json.dumps({"schemaVersion": 2, "config": entries[0], "layers": entries[1:]}).encode()
    oci.manifests[name] = body


@pytest.mark.hub
def test_a_name_on_a_real_registry_is_told_by_layers_and_header(context: Context, registry: RealRegistry) -> None:
    layers = (
        Layer(MODEL_TYPE, WEIGHTS),
        Layer(f"{LAYER}license", LICENSE),
        Layer(f"{LAYER}template", b"{{ .Prompt }}"),
    )
    registry.put_model("check/m", "v1", *layers, config=CONFIG)

    found = seen(context, registry.hub, "check/m:v1")

    assert (found.architecture, found.context_length, found.parameters) == ("llama", 4096, 64)
    assert (found.quantization, found.license, found.unread) == ("Q4_K_M", "Apache License", "")
    assert (found.size, found.chat_template) == (sum(len(layer.content) for layer in layers) + len(CONFIG), True)
    assert dict(found.options) == {"name": f"{registry.hub}/check/m:v1", "insecure": True}
    assert judge(found).outcome is Outcome.WORKS


@pytest.mark.hub
def test_a_plan_names_the_tags_that_a_real_registry_has_instead(context: Context, registry: RealRegistry) -> None:
    registry.put_model("plan/tags", "small-q4", Layer(MODEL_TYPE, WEIGHTS))
    with pytest.raises(NotFound) as caught:
        load("ollama", context).resolve(ref("ollama", name=f"{registry.hub}/plan/tags:small", insecure=True))
    assert caught.value.hint == "it has the tags small-q4"
    with pytest.raises(NotFound) as strange:
        load("ollama", context).resolve(ref("ollama", name=f"{registry.hub}/plan/tag", insecure=True))
    assert strange.value.hint == f"did you mean {registry.hub}/plan/tags:small-q4?"


@pytest.mark.hub
def test_what_a_real_registry_has_instead_is_named(context: Context, registry: RealRegistry) -> None:
    registry.put_model("check/tags", "small-q4", Layer(MODEL_TYPE, WEIGHTS))
    registry.put_model("check/tags", "big-q8", Layer(MODEL_TYPE, WEIGHTS))

    with pytest.raises(NotFound) as wrong_tag:
        seen(context, registry.hub, "check/tags:small")
    with pytest.raises(NotFound) as wrong_name:
        seen(context, registry.hub, "check/tag:small-q4")

    assert wrong_tag.value.hint == "it has the tags small-q4, big-q8"
    assert wrong_name.value.hint.startswith(f"did you mean {registry.hub}/check/tags:small-q4")


def test_a_hub_that_lists_nothing_leaves_the_usual_hint(context: Context, oci: OciServer) -> None:
    oci.faults.add(Fault("oci", path="_catalog", times=9, status=404))
    with pytest.raises(NotFound, match="is not on") as caught:
        seen(context, oci.address, "a/none:v1")
    assert caught.value.hint == "check the spelling of name and tag"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"repositories": 3}', b'{"repositories": ["x/other"]}'])
def test_a_list_that_is_none_is_nothing(context: Context, oci: OciServer, body: bytes) -> None:
    oci.faults.add(Fault("oci", path="_catalog", times=9, status=200, body=body))
    with pytest.raises(NotFound) as caught:
        seen(context, oci.address, "a/none:v1")
    assert caught.value.hint == "check the spelling of name and tag"


HOSTILE = ["a/nome", "a/b/c/d/nome", "a/nöne", "a/\x1b[2Jnone", "a/none:v2", 3, *(f"a/none{n}" for n in range(2000))]


def test_names_that_are_no_names_are_left_out_and_only_a_few_are_asked_about(context: Context, oci: OciServer) -> None:
    oci.faults.add(
        Fault("oci", path="_catalog", times=9, status=200, body=json.dumps({"repositories": HOSTILE}).encode())
    )
    oci.faults.add(Fault("oci", path="nome/tags/list", times=9, status=200, body=b'{"tags": ["v\\u001b2", "latest"]}'))
    with pytest.raises(NotFound) as caught:
        load("ollama", context).resolve(ref("ollama", name=f"{oci.address}/a/non:v1", insecure=True))
    assert caught.value.hint == "check the spelling of name and tag"
    oci.requests.clear()
    with pytest.raises(NotFound) as caught:
        load("ollama", context).resolve(ref("ollama", name=f"{oci.address}/a/nomen:latest", insecure=True))
    assert caught.value.hint == f"did you mean {oci.address}/a/nome:latest?"
    assert len(oci.requests) <= 6  # the manifest, its tags, the names, and the tags of three of them


def test_weights_that_are_not_gguf_want_another_host(context: Context, oci: OciServer, tmp_path) -> None:
    stored(oci, tmp_path, "a/mlx:v1", ("tensor", b"x"))
    found = seen(context, oci.address, "a/mlx:v1")
    assert (found.format, judge(found).outcome) == (Format.SAFETENSORS, Outcome.WORKS_WITH)
    assert "MLX" in judge(found).message


def test_a_config_that_asks_for_a_newer_host_is_passed_on(context: Context, oci: OciServer, tmp_path) -> None:
    stored(oci, tmp_path, "a/new:v1", ("model", WEIGHTS), config=b'{"requires": "0.14.0", "renderer": "x"}')
    found = seen(context, oci.address, "a/new:v1")
    assert judge(found).message == "Ollama 0.14.0 or newer"
    assert (found.quantization, found.chat_template) == ("Q4_K_M", True)


def test_a_header_that_can_not_be_read_is_said(context: Context, oci: OciServer, tmp_path) -> None:
    stored(oci, tmp_path, "a/m:v1", ("model", WEIGHTS))
    oci.faults.add(Fault("oci", path=str(Digest.of(WEIGHTS)), times=9, status=404))
    found = seen(context, oci.address, "a/m:v1")
    assert (found.architecture, found.parameters) == ("llama", 0)
    assert "a layer of" in found.unread
    assert found.unread in judge(found).advice[-1]


def test_a_model_for_embeddings_needs_no_template(context: Context, oci: OciServer, tmp_path) -> None:
    stored(oci, tmp_path, "a/e:v1", ("model", gguf(*LLAMA, number("llama.pooling_type", 1))))
    stored(oci, tmp_path, "a/c:v1", ("model", gguf(*LLAMA)))
    stored(oci, tmp_path, "a/t:v1", ("model", gguf(*LLAMA, text("tokenizer.chat_template", "x"))))
    assert [seen(context, oci.address, f"a/{name}:v1").chat_template for name in "ect"] == [True, False, True]


def test_only_the_header_is_fetched_of_large_weights(context: Context, oci: OciServer, tmp_path) -> None:
    stored(oci, tmp_path, "a/m:v1", ("model", gguf(*LLAMA, tensors=(("t", (32, 500_000), 2, 0),), data=9_000_000)))
    assert seen(context, oci.address, "a/m:v1").parameters == 16_000_000
    assert oci.faults.sent < 500_000


def test_what_is_no_name_is_refused(context: Context) -> None:
    with pytest.raises(Unusable, match="is not a model's name"):
        inspect("ollama", context, "a/b/c/d/e")
