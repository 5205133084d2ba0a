"""The fake hub is believed because the hub's real client reads from it what we read from it."""

from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.sources import Context, load
from tests.fakes.hf_server import HubServer
from tests.sources.downloads import brought
from tests.sources.references import ref

REPO = "org/tiny-GGUF"
FILES = {"tiny-Q4_0.gguf": b"four bits", "docs/a.gguf": b"a", "docs/b.gguf": b"b"}


def test_a_folder_of_repos_is_served_as_it_lies_there(tmp_path: Path, context: Context) -> None:
    for path, content in FILES.items():
        file = tmp_path / REPO / "main" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    with HubServer(tmp_path) as hub:
        there = Context(context.http, context.cache, context.downloads, {"HF_ENDPOINT": hub.url})
        source = load("huggingface", there)
        [(_, blob)] = source.resolve(ref("huggingface", repo=REPO, quantization="Q4_0")).files

        assert brought(source, blob, lambda *_: None).read_bytes() == b"four bits"


def test_the_real_client_sees_the_same(hub: HubServer, hub_context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi

    hub.state.page_size = 2
    old = hub.commit(REPO, FILES)
    hub.commit("org/other", {"model.safetensors": b""})
    new = hub.commit(REPO, {**FILES, "docs/a.gguf": b"changed"})
    api = HfApi(endpoint=hub.url, token=False)

    tree = {item.path: item for item in api.list_repo_tree(REPO, recursive=True, revision=old)}

    assert old != new == api.model_info(REPO).sha
    assert api.model_info(REPO, revision=old).sha == old
    assert {path: item.lfs.sha256 for path, item in tree.items()} == {
        path: Digest.of(content).hex for path, content in FILES.items()
    }
    assert [model.id for model in api.list_models(filter="gguf", search="TINY")] == [REPO]
    pinned = load("huggingface", hub_context).resolve(ref("huggingface", repo=REPO, file="docs/a.gguf"))
    assert dict(pinned.provenance)["commit"] == new
