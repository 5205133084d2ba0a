"""Pulling, by a real server and by the fake one, from a real registry."""

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.steps import Pull
from reconciler.errors import HostRejected
from reconciler.hosts.ollama_host import OllamaHost
from tests.hosts.conftest import File, quiet
from tests.parts.registry import MODEL_TYPE, Layer, RealRegistry

pytestmark = pytest.mark.hub
CONFIG = b'{"model_format":"gguf","model_family":"llama"}'
SYSTEM_TYPE = MODEL_TYPE.replace("model", "system")
Files = dict[str, File]


def offered(registry: RealRegistry, files: Files, unique: str, system: str, *, place: str = "") -> Pull:
    """Put a model with weights and a system prompt into the registry, and return the step that pulls it."""
    layers = (Layer(MODEL_TYPE, files["model"].path.read_bytes()), Layer(SYSTEM_TYPE, system.encode()))
    digest = registry.put_model(f"library/{unique}", "v1", *layers, config=CONFIG)
    sizes = tuple((Digest.of(content), len(content)) for content in (*(layer.content for layer in layers), CONFIG))
    name = ModelName.parse(f"{place or registry.hub}/library/{unique}:v1")
    return Pull(name, insecure=True, manifest=Digest.parse(digest), layers=sizes)


def digests(host: OllamaHost) -> dict[ModelName, Digest]:
    return {live.address.model: live.digest for live in host.models()}


def test_pulled_model_has_the_digest_of_its_manifest_and_can_be_shown(
    host: OllamaHost, registry: RealRegistry, files: Files, unique: str
) -> None:
    step = offered(registry, files, unique, "be brief")
    seen: list[tuple[str, int, int]] = []
    host.pull(step, lambda *now: seen.append(now))
    assert digests(host)[step.name] == step.manifest
    shown = dict(host.show(step.name))
    assert (shown["weights"], shown["system"]) == (str(files["model"].digest), "be brief")
    whole = sum(size for _, size in step.layers)
    assert seen[0] == ("pulling", 0, whole)
    assert seen[-1] == ("success", whole, whole)


def test_tag_that_moved_is_pulled_again(host: OllamaHost, registry: RealRegistry, files: Files, unique: str) -> None:
    host.pull(offered(registry, files, unique, "one"), quiet)
    step = offered(registry, files, unique, "two")
    host.pull(step, quiet)
    assert digests(host)[step.name] == step.manifest
    assert dict(host.show(step.name))["system"] == "two"


def test_tag_that_is_not_there_is_refused_with_a_hint(host: OllamaHost, registry: RealRegistry, unique: str) -> None:
    name = ModelName.parse(f"{registry.hub}/library/{unique}:none")
    with pytest.raises(HostRejected, match="file does not exist") as caught:
        host.pull(Pull(name, insecure=True, manifest=Digest.of(b""), layers=()), quiet)
    assert caught.value.hint == "the hub has no model of that name and tag"
    assert name not in digests(host)


def test_plain_registry_is_refused_with_a_hint(
    host: OllamaHost, registry: RealRegistry, files: Files, unique: str
) -> None:
    step = offered(registry, files, unique, unique, place=registry.plain)
    with pytest.raises(HostRejected, match="no Location header") as caught:
        host.pull(step, quiet)
    assert "proxy" in caught.value.hint
    assert step.name not in digests(host)
