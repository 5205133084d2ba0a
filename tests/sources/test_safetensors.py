"""Models in safetensors: which files hosts are given, and what is refused because no host could convert it rightly."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.resolution import Pinned
from reconciler.errors import NotFound, ResolutionError, Unusable
from reconciler.sources import Context, load
from tests.fakes.hf_server import Fault, HubServer
from tests.parts.safetensors import CONFIG, Files, put, tiny_llama, tiny_lora, written
from tests.sources.downloads import brought
from tests.sources.references import ref

TINY = tiny_llama()
WHOLE = tiny_llama(parts=3)
BERT = {**TINY, "config.json": json.dumps({**CONFIG, "architectures": ["BertModel"]}).encode()}
MODULES = json.dumps([{"path": "1_Pooling", "type": "sentence_transformers.base.modules.pooling.Pooling"}]).encode()
POOLING = json.dumps({"pooling_mode": "mean"}).encode()


def resolved(context: Context, folder: Path, files: Files) -> Pinned:
    return load("safetensors", context).resolve(ref("safetensors", path=str(put(folder / "m", files))))


def without(files: Files, *names: str) -> Files:
    return {name: content for name, content in files.items() if name not in names}


def numbered(files: Files) -> Files:
    return without(files, "model.safetensors.index.json")


def with_config(**more: object) -> Files:
    return {**TINY, "config.json": json.dumps({**CONFIG, **more}).encode()}


BESIDE = {"README.md": b"#", "consolidated.safetensors": b"x", "onnx/model.onnx": b"o", "m.gguf": b"GGUF"}
TAKEN = {
    "one file": (TINY, set(TINY)),
    "nothing else": ({**TINY, **BESIDE}, set(TINY)),
    "parts by their index": (WHOLE, set(numbered(WHOLE))),
    "parts by their numbers": (numbered(WHOLE), set(numbered(WHOLE))),
    "any name": (
        {**without(TINY, "model.safetensors"), "w.safetensors": TINY["model.safetensors"]},
        {"config.json", "tokenizer.json", "w.safetensors"},
    ),
    "with its tokenizer": ({**TINY, "tokenizer_config.json": b"{}"}, {*TINY, "tokenizer_config.json"}),
    "an adapter": ({**tiny_lora(), "README.md": b"#"}, set(tiny_lora())),
    "embeddings": (
        {**BERT, "modules.json": MODULES, "1_Pooling/config.json": POOLING, "2_Normalize/config.json": b"{}"},
        {*TINY, "modules.json", "1_Pooling/config.json"},
    ),
}


@pytest.mark.parametrize(("files", "names"), TAKEN.values(), ids=TAKEN)
def test_hosts_are_given_what_they_read(context: Context, tmp_path: Path, files: Files, names: set[str]) -> None:
    pinned = resolved(context, tmp_path, files)
    assert [name for name, _ in pinned.files] == sorted(names)
    assert pinned.holds == ("adapter" if "adapter_config.json" in names else "model")


BROKEN = {
    "a part by the index": (without(WHOLE, "model-00002-of-00003.safetensors"), "model-00002-of-00003.safetensors"),
    "a part by the numbers": (without(numbered(WHOLE), "model-00003-of-00003.safetensors"), "model-00003-of-00003"),
    "absurd numbers": (
        {**without(TINY, "model.safetensors"), "m-00001-of-99999.safetensors": TINY["model.safetensors"]},
        "m-00002-of-99999.safetensors is missing",
    ),
    "no index": ({**WHOLE, "model.safetensors.index.json": b"{}"}, "an index that can't be read"),
    "an index out of the folder": (
        {**WHOLE, "model.safetensors.index.json": b'{"weight_map": {"a": "../x.safetensors"}}'},
        "an index that can't be read",
    ),
    "an adapter without weights": (
        {"adapter_config.json": b"{}", "x.safetensors": tiny_lora()["adapter_model.safetensors"]},
        "m is not complete: adapter_model.safetensors is missing",
    ),
    "cut off": ({**TINY, "model.safetensors": TINY["model.safetensors"][:-1]}, "is truncated"),
    "another architecture": (
        with_config(architectures=["GPT2LMHeadModel"]),
        "Model needs GGUF format: GPT2LMHeadModel in safetensors is not known to be converted",
    ),
    "no config": (without(TINY, "config.json"), "no config.json that names"),
    "no tokenizer": (without(TINY, "tokenizer.json"), "no tokenizer.json or tokenizer.model"),
    "pickles": ({"pytorch_model.bin": b"x"}, "its weights are pickled"),
    "only a GGUF": ({"m.gguf": b"GGUF"}, "there are no weights at all"),
    "deeper": (
        {**without(TINY, "model.safetensors"), "x/model.safetensors": TINY["model.safetensors"]},
        "hosts look at the top",
    ),
    "a BERT without modules": (BERT, "m is not complete: modules.json is missing"),
    "a BERT without its pooling": ({**BERT, "modules.json": MODULES}, "1_Pooling/config.json is missing"),
    "a BERT that does not pool": ({**BERT, "modules.json": b"[]"}, "pools by nothing"),
    "quantised already": ({**TINY, "model.safetensors": b""}, "its header does not fit"),
}


@pytest.mark.parametrize(("files", "words"), BROKEN.values(), ids=BROKEN)
def test_what_no_host_could_convert_is_refused(context: Context, tmp_path: Path, files: Files, words: str) -> None:
    with pytest.raises(Unusable) as caught:
        resolved(context, tmp_path, files)
    assert words in caught.value.message
    assert caught.value.hint


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(context: Context, tmp_path: Path) -> None:
    folder = put(tmp_path / "m", TINY)
    (folder / "model.safetensors").rename(folder / "weights")
    (folder / "model.safetensors").symlink_to("weights")
    question = ref("safetensors", path=str(folder))
    inside = load("safetensors", context).resolve(question)
    assert Digest.of(TINY["model.safetensors"]) in {blob.digest for _, blob in inside.files}

    (folder / "weights").rename(tmp_path / "weights")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(tmp_path / "weights")
    with pytest.raises(Unusable, match="a link that leads out of m"):
        load("safetensors", context).resolve(question)


def test_a_folder_that_is_gone_or_full_is_told(context: Context, tmp_path: Path) -> None:
    source = load("safetensors", context)
    with pytest.raises(NotFound):
        source.resolve(ref("safetensors", path=str(tmp_path / "none")))
    put(tmp_path / "many", {f"{number}.txt": b"" for number in range(10_001)})
    with pytest.raises(Unusable, match="more than 10000 files"):
        source.resolve(ref("safetensors", path=str(tmp_path / "many")))


def test_pooling_in_new_words_is_given_in_old_ones_and_the_file_stays(context: Context, tmp_path: Path) -> None:
    files = {**BERT, "modules.json": MODULES, "1_Pooling/config.json": POOLING}
    source, pinned = load("safetensors", context), resolved(context, tmp_path, files)
    given = dict(pinned.files)["1_Pooling/config.json"]

    path = brought(source, given, lambda *_: None)

    assert json.loads(path.read_bytes())["pooling_mode_mean_tokens"] is True
    assert Digest.of(path.read_bytes()) == given.digest
    assert path.parent == context.downloads
    source.release(given)
    assert not path.exists()
    assert (tmp_path / "m" / "1_Pooling" / "config.json").read_bytes() == POOLING


def test_a_file_that_changed_after_the_plan_is_refused(context: Context, tmp_path: Path) -> None:
    source, pinned = load("safetensors", context), resolved(context, tmp_path, TINY)
    put(tmp_path / "m", tiny_llama(seed=1))
    with pytest.raises(Unusable, match="model.safetensors has changed"):  # noqa: RUF043
        brought(source, dict(pinned.files)["model.safetensors"], lambda *_: None)


def test_what_was_read_once_is_not_read_again(context: Context, tmp_path: Path) -> None:
    first = resolved(context, tmp_path, TINY)
    assert load("safetensors", context).resolve(ref("safetensors", path=str(tmp_path / "m"))) == first


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("files", ("a.json 0 1",)),
        ("files", ("b " + "0" * 64 + " 1", "a " + "0" * 64 + " 1")),
        ("files", ("a " + "0" * 64 + " 1", "a " + "0" * 64 + " 1")),
        ("files", ("../a " + "0" * 64 + " 1", "b " + "0" * 64 + " 1")),
        ("architecture", ""),
    ],
)
def test_a_lock_that_nobody_has_written_is_refused(
    context: Context, tmp_path: Path, path: str, wrong: str | tuple[str, ...]
) -> None:
    pin = {**dict(resolved(context, tmp_path, TINY).pin), path: wrong}
    with pytest.raises(Unusable):
        load("safetensors", context).restore(ref("safetensors", path=str(tmp_path / "m")), tuple(sorted(pin.items())))


REPO = "org/tiny"
ASKED = ref("huggingface", repo=REPO, format="safetensors")


def committed(hub: HubServer, files: Files) -> str:
    """Put the weights into LFS, and everything else into git itself."""
    weights = {name: content for name, content in files.items() if name.endswith(".safetensors")}
    hub.commit(REPO, weights)
    return hub.add(REPO, without(files, *weights), lfs=False)


def test_small_files_of_a_repo_are_read_once_a_commit(hub: HubServer, hub_context: Context) -> None:
    committed(hub, TINY)
    source = load("huggingface", hub_context)
    first = source.resolve(ASKED)
    assert {name: blob.digest for name, blob in first.files} == {n: Digest.of(c) for n, c in sorted(TINY.items())}
    before = len(hub.requests)

    assert source.resolve(ASKED) == first

    assert len(hub.requests) - before == 1


def test_every_file_of_a_repo_is_brought_as_it_is_to_be_given(hub: HubServer, hub_context: Context) -> None:
    committed(hub, {**BERT, "modules.json": MODULES, "1_Pooling/config.json": POOLING})
    source = load("huggingface", hub_context)
    for _, blob in source.resolve(ASKED).files:
        assert source.offers(blob)
        assert Digest.of(brought(source, blob, lambda *_: None).read_bytes()) == blob.digest


def test_a_repo_that_gives_something_else_than_was_planned_is_not_believed(
    hub: HubServer, hub_context: Context
) -> None:
    committed(hub, {**BERT, "modules.json": MODULES, "1_Pooling/config.json": POOLING})
    source = load("huggingface", hub_context)
    blob = dict(source.resolve(ASKED).files)["modules.json"]
    with pytest.raises(ResolutionError, match="not what was planned"):
        brought(source, replace(blob, digest=Digest.of(b"other")), lambda *_: None)


def test_weights_in_git_itself_are_taken_while_they_are_small(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, TINY, lfs=False)
    assert len(load("huggingface", hub_context).resolve(ASKED).files) == len(TINY)

    large = written({}) + b"\0" * (1 << 24)
    hub.commit(REPO, {**TINY, "model.safetensors": large}, lfs=False)
    with pytest.raises(Unusable, match="kept in git itself"):
        load("huggingface", hub_context).resolve(ASKED)


def test_a_hub_that_fails_may_be_asked_again(hub: HubServer, hub_context: Context) -> None:
    committed(hub, TINY)
    hub.fail(Fault("hub", path="/resolve/", times=99, status=503, headers={"Retry-After": "0"}))
    with pytest.raises(ResolutionError) as caught:
        load("huggingface", hub_context).resolve(ASKED)
    assert caught.value.retryable


def test_a_repo_without_what_hosts_convert_says_so(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {"pytorch_model.bin": b"x"})
    with pytest.raises(Unusable, match="Model needs GGUF format"):
        load("huggingface", hub_context).resolve(ASKED)
