"""Adapters on Hugging Face: what they are is read from their header before anything is planned on them."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.resource import SourceRef
from reconciler.errors import Unusable
from reconciler.sources import Context, load
from tests.fakes.hf_server import HubServer
from tests.parts.gguf import tiny_adapter, tiny_model
from tests.sources.gguf_files import LLAMA, gguf
from tests.sources.references import ref

REPO = "org/lora-GGUF"
ADAPTER: SourceRef = replace(ref("huggingface", repo=REPO), wanted="adapter")


@pytest.fixture
def lora(tmp_path: Path) -> bytes:
    tiny_adapter(tmp_path / "lora.gguf")
    return (tmp_path / "lora.gguf").read_bytes()


def test_what_it_is_costs_one_look_at_its_header(hub: HubServer, hub_context: Context, lora: bytes) -> None:
    hub.commit(REPO, {"lora.gguf": lora})
    source = load("huggingface", hub_context)
    for looks in (1, 0):
        before = len(hub.requests)

        pinned = source.resolve(ADAPTER)

        assert (pinned.holds, dict(pinned.provenance)["architecture"]) == ("adapter", "llama")
        assert sum(request.server == "cdn" for request in hub.requests[before:]) == looks
    assert source.restore(ADAPTER, pinned.pin) == pinned


def test_a_model_is_told_from_an_adapter(hub: HubServer, hub_context: Context, tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.gguf")
    hub.commit(REPO, {"m.gguf": tmp_path / "m.gguf"})
    assert load("huggingface", hub_context).resolve(ADAPTER).holds == "model"


def test_what_no_host_could_use_is_refused(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {"lora.gguf": gguf(*LLAMA, tensors=(), data=0)})
    with pytest.raises(Unusable, match="has no weights"):
        load("huggingface", hub_context).resolve(ADAPTER)


@pytest.mark.parametrize("wrong", [{"holds": "x"}, {"architecture": "\n"}, {"architecture": ""}, {"holds": None}])
def test_a_lock_without_what_it_is_is_refused(
    hub: HubServer, hub_context: Context, lora: bytes, wrong: dict[str, str | None]
) -> None:
    hub.commit(REPO, {"lora.gguf": lora})
    source = load("huggingface", hub_context)
    pin = {**dict(source.resolve(ADAPTER).pin), **wrong}
    with pytest.raises(Unusable, match="can't be read"):
        source.restore(ADAPTER, tuple((path, value) for path, value in sorted(pin.items()) if value is not None))
