"""Describing a pull: small layers are read from the hub, verified, and read once."""

import json
from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import facts
from reconciler.errors import SourceUnavailable, Unusable
from reconciler.sources import Context, load
from tests.parts.registry import MODEL_TYPE, Layer, RealRegistry
from tests.sources.references import ref

SYSTEM = "application/vnd.ollama.image.system"


@pytest.fixture
def pull(registry: RealRegistry, context: Context):
    """Return the pull of a model with a system prompt, and the source that made it."""
    registry.put_model("team/described", "v1", Layer(MODEL_TYPE, b"GGUF weights"), Layer(SYSTEM, b"be kind"))
    source = load("ollama", context)
    return source, source.resolve(ref("ollama", name=f"{registry.hub}/team/described:v1", insecure=True)).pull


@pytest.mark.hub
def test_texts_are_read_once_and_weights_never(pull, registry: RealRegistry):
    source, step = pull
    before = registry.access_log.count("/blobs/")
    found = dict(source.describe(step))
    assert found == {"weights": str(Digest.of(b"GGUF weights")), "system": "be kind"}
    assert source.describe(step) == source.describe(step)
    assert registry.access_log.count("/blobs/") == before + 1


@pytest.mark.hub
def test_a_text_that_is_not_there_or_too_long_is_no_text(pull):
    source, step = pull
    missing = replace(step, parts=(("system", Digest.of(b"elsewhere")),))
    with pytest.raises(Exception, match="is not on") as error:
        source.describe(missing)
    assert type(error.value).__name__ == "NotFound"
    (kind, digest), *_ = [part for part in step.parts if part[0] == "system"]
    with pytest.raises(Unusable, match="long"):
        source.describe(replace(step, parts=((kind, digest),), layers=((digest, 1 << 30),)))


def test_a_hub_that_gives_another_text_is_not_believed(oci, context: Context):
    from tests.sources.test_ollama import manifest

    oci.manifests["team/m:tag"] = manifest()
    source = load("ollama", context)
    step = source.resolve(ref("ollama", name=f"{oci.address}/team/m:tag", insecure=True)).pull
    oci.answer(200, b"something else")
    with pytest.raises(SourceUnavailable, match="something else"):
        source.describe(replace(step, parts=(("system", Digest.of(b"wanted")),)))


CONFIG = {
    "model_format": "gguf",
    "model_family": "llama",
    "model_families": ["llama"],
    "model_type": "134.52M",
    "file_type": "Q4_1",
    "renderer": "qwen3",
    "parser": "",
    "requires": "0.14.0",
    "os": "linux",
}


@pytest.mark.hub
def test_the_config_says_more_to_those_who_ask_and_is_read_once(registry: RealRegistry, context: Context):
    config = json.dumps(CONFIG).encode()
    registry.put_model("team/configured", "v1", Layer(MODEL_TYPE, b"GGUF"), config=config)
    source = load("ollama", context)
    step = source.resolve(ref("ollama", name=f"{registry.hub}/team/configured:v1", insecure=True)).pull
    before = registry.access_log.count("/blobs/")

    shown = {"weights": str(Digest.of(b"GGUF"))}
    more = {
        "config.file_type": "Q4_1",
        "config.model_family": "llama",
        "config.model_type": "134.52M",
        "renderer": "qwen3",
        "requires": "0.14.0",
    }
    assert dict(source.describe(step)) == shown
    assert source.describe(step, config=True) == source.describe(step, config=True) == facts({**shown, **more})
    assert registry.access_log.count("/blobs/") == before + 1


@pytest.mark.hub
@pytest.mark.parametrize("config", [b"nonsense", b"[]"])
def test_a_config_that_is_none_is_refused_where_it_is_asked_for(
    registry: RealRegistry, context: Context, config: bytes
):
    registry.put_model("team/broken", "v1", Layer(MODEL_TYPE, b"GGUF"), config=config)
    source = load("ollama", context)
    step = source.resolve(ref("ollama", name=f"{registry.hub}/team/broken:v1", insecure=True)).pull

    assert source.describe(step)
    with pytest.raises(Unusable):
        source.describe(step, config=True)
