"""Models with an adapter of their own, and blobs that nobody can bring."""

from dataclasses import replace

import pytest

from reconciler.core.expand import expand
from reconciler.core.names import HostName, ModelName
from reconciler.core.resolution import Pinned, steps_for
from reconciler.core.resource import HostSpec, Kind, Overlay, Resource, SourceRef
from reconciler.core.steps import Blob, Create, Delete, Pull, Upload, create_of
from tests.core.builders import HERE, digest, live_state

HUB, M = ModelName.parse("hub.example/t/base:1"), ModelName.parse("m")
LORA = Blob(digest("l"), 10, "gguf", (("path", "l.gguf"),))
ADAPTER = Pinned("l.gguf", (("architecture", "llama"),), 10, files=(("l.gguf", LORA),))
PULLED = Pinned(str(HUB), (), 12, pull=Pull(HUB, False, digest("manifest"), ()))
FILE = Pinned("m.gguf", (), 1, files=(("m.gguf", Blob(digest("w"), 1, "gguf", ())),))


def test_an_adapter_over_a_pull_is_a_build_on_it_even_where_nothing_else_is_laid_over():
    steps = steps_for(M, Overlay(), PULLED, ADAPTER, None, "k" * 64)
    assert steps[0] == PULLED.pull
    assert steps[1] == Upload(LORA)
    created = create_of(steps)
    assert isinstance(created, Create)
    assert (created.base, created.adapters) == (HUB, (("l.gguf", LORA.digest),))
    assert steps[-1] == Delete(HUB, unless_there_before=True)


@pytest.mark.parametrize(("architecture", "fits"), [("llama", True), ("", True), ("qwen2", False)])
def test_an_adapter_has_to_fit_the_model_that_it_is_laid_over(architecture, fits):
    source = SourceRef("gguf", (("path", "/m.gguf"),), HERE)
    adapter = SourceRef("gguf", (("path", "/l.gguf"),), HERE, "adapter")
    item = Resource(Kind.MODEL, M, HERE, (source,), adapter=adapter)
    pins = {source: replace(FILE, provenance=(("architecture", architecture),)), adapter: ADAPTER}
    found = expand([item], [HostSpec(HostName("a"), "http://a", HERE)], pins, live_state())
    assert [entry.message for entry in found.unresolved] == (
        [] if fits else ["l.gguf is an adapter for llama, and the model is qwen2"]
    )
