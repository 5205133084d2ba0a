"""Repos looked at before anything is downloaded: hubs that know less, refuse more or answer oddly."""

import json
from dataclasses import replace

import pytest

from reconciler.core.compatibility import Outcome, judge
from reconciler.core.found import Format, Found
from reconciler.errors import NotFound, SourceUnavailable
from reconciler.sources import Context, inspect
from tests.cli.checks import CONFIG, safetensors
from tests.fakes.hf_server import Fault, HubServer
from tests.sources.gguf_files import LLAMA, gguf, text

REPO = "org/m"
MODEL = gguf(*LLAMA, text("general.license", "mit"))
SET = {"config.json": json.dumps(CONFIG).encode(), "tokenizer.model": b"", "model.safetensors": safetensors(4, 4)}
ODD = b'[1, {}, {"id": "../x"}, {"id": "a/b", "tags": 1}]'


def seen(context: Context, reference: str = REPO) -> Found:
    return inspect("huggingface", context, reference)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cdn", times=9, status=403),
        Fault("cdn", times=9, drop=True),
        Fault("hub", path="/resolve/", times=9, status=500),
        Fault("cdn", times=9, status=206),
    ],
    ids=["the storage refuses", "the storage is silent", "the hub fails", "an empty answer"],
)
def test_a_header_that_can_not_be_read_leaves_the_listing(hub: HubServer, hub_context: Context, fault: Fault) -> None:
    hub.commit(REPO, {"m-Q8_0.gguf": MODEL})
    hub.describe(REPO, gguf={"total": 7})
    hub.fail(fault)
    found = seen(hub_context)
    verdict = judge(found)
    assert (found.quantization, found.parameters, verdict.outcome) == ("Q8_0", 7, Outcome.WORKS)
    assert found.unread
    assert found.unread in verdict.advice[0]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("hub", path="/api/models?", times=9, status=404),
        Fault("hub", path="/api/models?", times=9, status=200, body=b"<html>"),
        Fault("hub", path="/api/models?", times=9, status=200, body=b'{"error": 1}'),
        Fault(
            "hub", path="/api/models?", times=9, status=200, body=b'[1, {}, {"id": "../x"}, {"id": "a/b", "tags": 1}]'
        ),
        Fault("hub", path="/api/models?", times=9, drop=True),
    ],
    ids=["no search", "a page", "an object", "odd repos", "silence"],
)
def test_a_mirror_without_search_finds_no_alternatives(hub: HubServer, hub_context: Context, fault: Fault) -> None:
    hub.commit(REPO, {"pytorch_model.bin": b"x"})
    hub.commit("a/m-GGUF", {"m-Q8_0.gguf": MODEL})
    hub.fail(replace(fault))
    found = seen(hub_context)
    assert (found.format, found.alternatives) == (Format.PICKLE, ())
    assert "look for a repo of the same model" in judge(found).advice[1]


def test_only_repos_with_gguf_are_proposed(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {"pytorch_model.bin": b"x"})
    hub.commit("a/m-copy", {"pytorch_model.bin": b"x"})
    hub.describe("a/m-copy", downloads="many")
    hub.commit("a/m-GGUF", {"m-Q8_0.gguf": MODEL})
    hub.describe("a/m-GGUF", downloads="many")
    assert [(item.repo, item.downloads) for item in seen(hub_context).alternatives] == [("a/m-GGUF", 0)]


def test_a_revision_that_is_not_there_is_told_from_a_repo_that_is_not(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {"m-Q8_0.gguf": MODEL})
    with pytest.raises(NotFound, match="has no revision v9") as wrong_revision:
        seen(hub_context, f"{REPO}@v9")
    with pytest.raises(NotFound, match="there is no repo") as wrong_repo:
        seen(hub_context, "org/mm")
    with pytest.raises(NotFound) as nothing_like_it:
        seen(hub_context, "elsewhere/quite-another-thing")
    assert "did you mean" not in wrong_revision.value.hint
    assert wrong_repo.value.hint.startswith("did you mean hf:org/m? ")
    assert "did you mean" not in nothing_like_it.value.hint


def test_a_hub_that_is_down_is_no_verdict(hub: HubServer, hub_context: Context) -> None:
    hub.fail(Fault("hub", times=99, drop=True))
    with pytest.raises(SourceUnavailable):
        seen(hub_context)


LICENSES = {
    "the card": ({"cardData": {"license": "apache-2.0"}, "tags": ["gguf", "license:mit"]}, "apache-2.0"),
    "the tag": ({"cardData": {"license": ["a", "b"]}, "tags": ["gguf", "license:llama3.1"]}, "llama3.1"),
    "the header": ({"cardData": None, "tags": "none"}, "mit"),
}


@pytest.mark.parametrize(("about", "license"), LICENSES.values(), ids=LICENSES)
def test_the_licence_is_the_one_that_is_declared(
    hub: HubServer, hub_context: Context, about: dict[str, object], license: str
) -> None:
    hub.commit(REPO, {"m-Q8_0.gguf": MODEL})
    hub.describe(REPO, **about)
    assert seen(hub_context).license == license


def test_a_private_repo_says_so_to_those_who_may_see_it(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {"m-Q8_0.gguf": MODEL})
    hub.hide(REPO, "hf_ours")
    with pytest.raises(NotFound):
        seen(hub_context)
    found = seen(replace(hub_context, environ={**hub_context.environ, "HF_TOKEN": "hf_ours"}))
    assert (found.access, found.architecture) == ("private", "llama")
    assert {request.authorization for request in hub.requests if request.server == "cdn"} == {""}


def test_a_gated_set_of_safetensors_is_not_read(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, SET)
    hub.gate(REPO, "hf_ours")
    found = seen(hub_context)
    assert (found.format, found.architecture, judge(found).outcome) == (Format.SAFETENSORS, "", Outcome.UNKNOWN)
    assert found.denied[0] == "org/m is gated"
    assert not [request for request in hub.requests if "/resolve/" in request.path]


def test_what_is_kept_in_git_can_not_be_taken(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {"m-Q8_0.gguf": MODEL}, lfs=False)
    assert "kept in git itself" in judge(seen(hub_context)).message


def test_safetensors_of_which_the_hub_knows_the_count_cost_one_header(hub: HubServer, hub_context: Context) -> None:
    shards = {f"model-0000{n}-of-00003.safetensors": safetensors(n, 8) for n in (1, 2, 3)}
    hub.commit(REPO, {**SET, **shards})
    read = len(hub.requests)
    assert seen(hub_context).parameters == 16 + 8 * (1 + 2 + 3)
    whole = len([request for request in hub.requests[read:] if request.server == "cdn"])

    hub.describe(REPO, safetensors={"total": 64})
    read = len(hub.requests)
    assert seen(hub_context).parameters == 64
    assert len([request for request in hub.requests[read:] if request.server == "cdn"]) == whole - 3


CONFIGS = {
    "of text in a model of images": (b'{"text_config": {"max_position_embeddings": 99}}', "", 99),
    "of nothing": (b"{}", "", 0),
    "that is no JSON": (b"{", "", 0),
    "that is a list": (b"[]", "", 0),
    "of no list": (b'{"architectures": "Llama"}', "", 0),
    "of an empty list": (b'{"architectures": [], "max_position_embeddings": "x"}', "", 0),
    "too large": (b'{"architectures": ["LlamaForCausalLM"]}' + b" " * (1 << 20), "", 0),
}


@pytest.mark.parametrize(("content", "architecture", "context_length"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_says_what_it_says(
    hub: HubServer, hub_context: Context, content: bytes, architecture: str, context_length: int
) -> None:
    hub.commit(REPO, {**SET, "config.json": content})
    found = seen(hub_context)
    assert (found.architecture, found.context_length) == (architecture, context_length)


def test_broken_safetensors_are_told_from_a_hub_that_fails(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {**SET, "model.safetensors": safetensors(4, 4)[:-1]})
    found = seen(hub_context)
    assert "is truncated" in found.trouble[0]

    hub.fail(Fault("cdn", times=9, status=500))
    found = seen(hub_context)
    assert (found.trouble[0], bool(found.unread)) == ("", True)


def test_tensors_of_several_types_are_of_none(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {**SET, "b.safetensors": safetensors(4, kind="F16"), "c.safetensors": b"\x02" + b"\0" * 7 + b"{}"})
    found = seen(hub_context)
    assert (found.quantization, found.parameters) == ("", 20)
