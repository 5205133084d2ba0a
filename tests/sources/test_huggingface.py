"""Hugging Face repos: what a reference is pinned to, what that costs in requests, and what every refusal means."""

from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable, Unusable
from reconciler.sources import Context, load
from tests.fakes.hf_server import Fault, HubServer
from tests.sources.references import ref

REPO = "org/tiny-GGUF"
FILES = {"tiny-Q4_K_M.gguf": b"GGUF of four bits", "tiny-Q8_0.gguf": b"GGUF of eight bits", "README.md": b"#"}
Q4 = Digest.of(FILES["tiny-Q4_K_M.gguf"])


def refused(context: Context, repo: str = REPO, **options: str) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        load("huggingface", context).resolve(ref("huggingface", repo=repo, **{"quantization": "Q4_K_M", **options}))
    return caught.value


def test_a_quantisation_is_pinned_to_commit_and_content(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, FILES)

    pinned = load("huggingface", hub_context).resolve(ref("huggingface", repo=REPO, quantization="q4_k_m"))

    locator = (("repo", REPO), ("commit", commit), ("file", "tiny-Q4_K_M.gguf"))
    assert pinned.files == (("tiny-Q4_K_M.gguf", Blob(Q4, 17, "huggingface", locator)),)
    assert (pinned.reference, pinned.size, pinned.pull, pinned.foretold) == (f"{REPO}@main q4_k_m", 17, None, ())
    expected = {**dict(locator), "revision": "main", "sha256": Q4.hex, "size": 17}
    assert dict(pinned.provenance) == expected


def test_a_branch_that_moves_is_seen_and_an_old_commit_stays_what_it_was(hub: HubServer, hub_context: Context) -> None:
    source, moving = load("huggingface", hub_context), ref("huggingface", repo=REPO, file="m-Q4_0.gguf")
    old = hub.commit(REPO, {"m-Q4_0.gguf": b"old"})
    before = source.resolve(moving)
    hub.commit(REPO, {"m-Q4_0.gguf": b"new"})

    assert source.resolve(moving).files[0][1].digest == Digest.of(b"new") != before.files[0][1].digest
    fixed = source.resolve(ref("huggingface", repo=REPO, file="m-Q4_0.gguf", revision=old))
    assert fixed.files == before.files


def test_a_second_look_costs_one_request_and_at_a_commit_none(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, FILES)
    source = load("huggingface", hub_context)
    for revision, cost in (("main", 2), ("main", 1), (commit, 0)):
        before = len(hub.requests)

        source.resolve(ref("huggingface", repo=REPO, quantization="Q8_0", revision=revision))

        assert len(hub.requests) - before == cost


def test_a_long_listing_is_read_page_by_page_from_the_endpoint_alone(hub: HubServer, hub_context: Context) -> None:
    hub.state.page_size = 2
    hub.commit(REPO, {**FILES, **{f"notes/{number}.txt": b"" for number in range(5)}})
    hub.accept("good")
    context = replace(hub_context, environ={"HF_ENDPOINT": hub.url + "/", "HF_TOKEN": " good\n"})

    load("huggingface", context).resolve(ref("huggingface", repo=REPO, quantization="Q8_0"))

    pages = [request for request in hub.requests if "/tree/" in request.path]
    assert len(pages) == 4
    assert {request.authorization for request in pages} == {"Bearer good"}


def test_a_listing_without_end_is_given_up(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES)
    again = {"Link": '</x?cursor=1>; rel="next"'}
    hub.fail(Fault("hub", path="/tree/", times=1000, status=200, body=b"[]", headers=again))

    assert "has no end" in refused(hub_context).message


def test_a_renamed_repo_answers_under_its_old_name(hub: HubServer, hub_context: Context) -> None:
    hub.commit("org/old-GGUF", FILES)
    hub.rename("org/old-GGUF", REPO)

    pinned = load("huggingface", hub_context).resolve(ref("huggingface", repo="org/old-GGUF", quantization="Q8_0"))

    assert pinned.size == 18


def test_a_token_does_not_follow_a_redirect_to_another_origin(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES)
    hub.accept("good")
    hub.fail(Fault("hub", path="/revision/", status=307, headers={"Location": f"{hub.cdn_url}/elsewhere"}))
    context = replace(hub_context, environ={"HF_ENDPOINT": hub.url, "HF_TOKEN": "good"})

    refused(context)

    assert [(request.server, request.authorization) for request in hub.requests] == [
        ("hub", "Bearer good"),
        ("cdn", ""),
    ]


def test_a_pin_is_checked_before_anything_is_downloaded(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES)
    question = ref("huggingface", repo=REPO, quantization="Q4_K_M", sha256=Q4.hex.upper())
    assert load("huggingface", hub_context).resolve(question).size == 17

    error = refused(hub_context, sha256="0" * 64)

    assert type(error) is Unusable
    assert error.message == f"tiny-Q4_K_M.gguf is {Q4.hex}, and the manifest pins {'0' * 64}"
    assert "64 hexadecimal digits" in refused(hub_context, sha256="1").message


def test_a_gguf_outside_lfs_has_nothing_to_pin(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES, lfs=False)

    assert "kept in git itself" in refused(hub_context).message


def test_a_file_too_large_for_plain_http_is_refused_at_once(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, FILES)
    large = ("large-Q4_K_M.gguf", 62_000_000_000, Q4.hex)
    hub_context.cache.put(f"tree {hub.url} {REPO} {commit}", (large,))

    error = refused(hub_context)

    assert error.message == "large-Q4_K_M.gguf has 62.0 GB, and the hub gives over 50.0 GB through Xet only"
    assert "hf.co/" in error.hint


def test_a_gated_repo_names_the_page_and_the_variable(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES)
    hub.gate(REPO, "member")
    hub.accept("stranger")
    context = {
        token: replace(hub_context, environ={"HF_ENDPOINT": hub.url, "HF_TOKEN": token})
        for token in ("", "stranger", "member")
    }

    unset, stranger = refused(context[""]), refused(context["stranger"])

    assert type(unset) is type(stranger) is AccessDenied
    assert str(unset) == f"{REPO} is gated (agree to its terms at {hub.url}/{REPO} and set HF_TOKEN)"
    assert str(stranger) == f"{REPO} is gated (the token in HF_TOKEN has no access yet: ask for it at {hub.url}/{REPO})"
    assert load("huggingface", context["member"]).resolve(ref("huggingface", repo=REPO, quantization="Q8_0")).size == 18


def test_a_private_repo_is_there_for_its_readers_only(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES)
    hub.hide(REPO, "member")

    assert str(refused(hub_context)) == (
        f"there is no repo {REPO} (check the spelling, or it is private and HF_TOKEN is not set; "
        f"`reconciler check hf:{REPO}` tells what there is)"
    )
    member = replace(hub_context, environ={"HF_ENDPOINT": hub.url, "HF_TOKEN": "member"})
    assert load("huggingface", member).resolve(ref("huggingface", repo=REPO, quantization="Q8_0")).size == 18


@pytest.mark.parametrize("token", ["hf_wrong-but-secret", "hf_two words", "hf_two\nlines", "hf_ümlaut"])
def test_a_bad_token_is_named_by_its_variable_and_never_shown(hub: HubServer, hub_context: Context, token: str) -> None:
    hub.commit(REPO, FILES)

    error = refused(replace(hub_context, environ={"HF_ENDPOINT": hub.url, "HF_TOKEN": token}))

    assert type(error) is AccessDenied
    assert "HF_TOKEN" in error.message
    assert "hf_" not in str(error)


def test_what_does_not_exist_is_not_found(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, FILES)
    cases = {
        "there is no repo org/other": {"repo": "org/other"},
        f"{REPO} has no revision v9/x": {"revision": "v9/x"},
        f"{REPO} has no revision {'0' * 40}": {"revision": "0" * 40},
        f"{REPO} has no file tiny-Q5_0.gguf": {"file": "tiny-Q5_0.gguf"},
        f"{REPO} has no Q5_0": {"quantization": "Q5_0"},
    }
    for message, options in cases.items():
        error = refused(hub_context, **options)

        assert type(error) is NotFound
        assert message in error.message


TROUBLE = {
    "down for now": (503, b"", "answered org/tiny-GGUF with 503"),
    "too many requests": (429, b"", "too many requests"),
    "no JSON": (200, b"<html>", "is not JSON"),
    "no commit": (200, b"{}", "names no commit"),
    "another kind of JSON": (200, b"[]", "names no commit"),
}


@pytest.mark.parametrize(("status", "body", "words"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_at_the_hub_may_be_tried_again(
    hub: HubServer, hub_context: Context, status: int, body: bytes, words: str
) -> None:
    hub.commit(REPO, FILES)
    hub.fail(Fault("hub", path="/revision/", times=9, status=status, body=body, headers={"Retry-After": "0"}))

    error = refused(hub_context)

    assert type(error) is SourceUnavailable
    assert words in error.message


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b"[1]", b'[{"type": "file"}]', b'[{"type":"file","path":"a","size":"b"}]']
)
def test_a_listing_that_is_none_is_trouble(hub: HubServer, hub_context: Context, body: bytes) -> None:
    hub.commit(REPO, FILES)
    hub.fail(Fault("hub", path="/tree/", status=200, body=body))

    assert "can't be read" in refused(hub_context).message


def test_a_hub_that_is_down_is_unavailable(context: Context) -> None:
    assert type(refused(replace(context, environ={"HF_ENDPOINT": "http://127.0.0.1:1"}))) is SourceUnavailable


def test_a_spoilt_cache_is_asked_for_anew(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, FILES)
    hub_context.cache.put(f"tree {hub.url} {REPO} {commit}", (("a", "b", "c"),))

    pinned = load("huggingface", hub_context).resolve(ref("huggingface", repo=REPO, quantization="Q8_0"))

    assert pinned.size == 18
