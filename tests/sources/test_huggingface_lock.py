"""What the lock keeps of a Hugging Face repo, what a manifest may contradict of it, and whether it can still be had."""

from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.steps import Blob
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable, Unusable
from reconciler.sources import Context, load
from tests.fakes.hf_server import Fault, HubServer
from tests.sources.downloads import brought
from tests.sources.references import ref

REPO = "org/tiny-GGUF"
OLD, NEW = b"GGUF, the old one", b"GGUF, the new one"
Q4, Q8 = "tiny-Q4_K_M.gguf", "sub/tiny-Q8_0.gguf"
ASKED = {"repo": REPO, "quantization": "Q4_K_M"}


def pinned(context: Context, **options: Fact) -> Pinned:
    return load("huggingface", context).resolve(ref("huggingface", **{**ASKED, **options}))


def restored(context: Context, pin: Facts, **options: Fact) -> Pinned:
    return load("huggingface", context).restore(ref("huggingface", **{**ASKED, **options}), pin)


def offers(context: Context, found: Pinned) -> bool:
    [(_, blob)] = found.files
    return load("huggingface", context).offers(blob)


def pin(**changes: Fact) -> Facts:
    right: dict[str, Fact] = {"commit": "c" * 40, "file": Q4, "sha256": Digest.of(OLD).hex, "size": 17}
    return facts({**right, **changes})


def test_a_branch_that_moved_offers_another_commit_than_the_lock_holds(hub: HubServer, hub_context: Context) -> None:
    first = hub.commit(REPO, {Q4: OLD})
    locked = pinned(hub_context).pin
    second = hub.commit(REPO, {Q4: NEW})

    then, now = restored(hub_context, locked), pinned(hub_context)

    assert [dict(one.pin)["commit"] for one in (then, now)] == [first, second]
    assert [dict(one.files[0][1].locator)["commit"] for one in (then, now)] == [first, second]
    assert then.identity == (str(Digest.of(OLD)),) != now.identity
    assert offers(hub_context, then)
    assert offers(hub_context, now)


def test_a_commit_that_leaves_the_file_alone_changes_nothing_about_it(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {Q4: OLD})
    then = pinned(hub_context)
    hub.commit(REPO, {Q4: OLD, "README.md": b"#"})

    now = pinned(hub_context)

    assert now.identity == then.identity
    assert now.pin != then.pin


def test_a_lock_costs_a_plan_no_more_than_asking(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {Q4: OLD})
    locked = pinned(hub_context).pin
    before = len(hub.requests)

    restored(hub_context, locked)
    assert len(hub.requests) == before
    pinned(hub_context)
    assert len(hub.requests) == before + 1


def test_a_commit_that_is_gone_is_not_offered_though_it_is_remembered(hub: HubServer, hub_context: Context) -> None:
    gone = hub.commit(REPO, {Q4: OLD})
    then = pinned(hub_context)
    hub.commit(REPO, {Q4: NEW})
    hub.state.repos[REPO].commits.pop(gone)

    assert not offers(hub_context, then)
    assert offers(hub_context, pinned(hub_context))


def test_one_small_request_tells_whether_a_file_is_offered(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, {Q4: OLD})
    then = pinned(hub_context)
    before = len(hub.requests)

    assert offers(hub_context, then)

    [request] = hub.requests[before:]
    assert (request.server, request.path) == ("hub", f"/api/models/{REPO}/revision/{commit}")


def test_a_file_that_is_not_at_the_commit_is_not_offered(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, {Q4: OLD})
    for changes in ({"file": "tiny-v2-Q4_K_M.gguf"}, {"sha256": Digest.of(NEW).hex}):
        assert not offers(hub_context, restored(hub_context, pin(commit=commit, **changes)))
    assert offers(hub_context, restored(hub_context, pin(commit=commit)))


def test_what_is_downloaded_already_is_offered_whatever_the_hub_has(hub: HubServer, hub_context: Context) -> None:
    then = restored(hub_context, pin())
    assert not offers(hub_context, then)
    hub_context.downloads.mkdir()
    (hub_context.downloads / Digest.of(OLD).hex).write_bytes(OLD)
    assert offers(hub_context, then)


def test_a_hub_that_is_down_or_wants_a_login_says_nothing_of_what_it_has(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {Q4: OLD})
    then = pinned(hub_context)
    fault = hub.fail(Fault("hub", path="/revision/", times=9, status=503, headers={"Retry-After": "0"}))
    with pytest.raises(SourceUnavailable):
        offers(hub_context, then)
    fault.times = 0
    hub.gate(REPO, "member")
    fresh = replace(hub_context, cache=type(hub_context.cache)(hub_context.downloads / "fresh"))
    with pytest.raises(AccessDenied, match="is gated"):
        offers(fresh, then)


def test_a_password_in_the_endpoint_is_sent_nowhere_for_what_is_locked(hub: HubServer, hub_context: Context) -> None:
    endpoint = hub.url.replace("//", "//user:secret@")
    context = replace(hub_context, environ={"HF_ENDPOINT": endpoint})
    [(_, blob)] = restored(context, pin()).files
    source = load("huggingface", context)
    for ask in (lambda: source.offers(blob), lambda: brought(source, blob, lambda *_: None)):
        with pytest.raises(Unusable, match="HF_ENDPOINT must not carry") as caught:
            ask()
        assert "secret" not in str(caught.value)
    assert hub.requests == []


MEANT: list[dict[str, Fact]] = [
    {},
    {"quantization": "q4_k_m"},
    {"quantization": None},
    {"quantization": None, "file": Q4},
    {"revision": "c" * 40},
    {"sha256": Digest.of(OLD).hex.upper()},
]


@pytest.mark.parametrize("options", MEANT, ids=str)
def test_what_the_manifest_means_is_restored(hub_context: Context, options: dict[str, Fact]) -> None:
    [(name, blob)] = restored(hub_context, pin(), **options).files
    locator = (("repo", REPO), ("commit", "c" * 40), ("file", Q4))
    assert (name, blob) == (Q4, Blob(Digest.of(OLD), 17, "huggingface", locator))


CONTRADICTED: dict[str, tuple[dict[str, Fact], dict[str, Fact]]] = {
    "another content": ({"sha256": Digest.of(NEW).hex}, {}),
    "another file": ({"quantization": None, "file": Q8}, {}),
    "another quantisation": ({"quantization": "Q8_0"}, {}),
    "another commit": ({"revision": "d" * 40}, {}),
    "no GGUF": ({}, {"file": "tiny-Q4_K_M.bin"}),
    "a companion": ({}, {"file": "mmproj-Q4_K_M.gguf"}),
    "one of many parts": ({}, {"file": "tiny-Q4_K_M-00001-of-00002.gguf"}),
    "a path out of the repo": ({}, {"file": "../tiny-Q4_K_M.gguf"}),
    "a path from the root": ({}, {"file": "/tiny-Q4_K_M.gguf"}),
    "a name that nobody can read": ({}, {"file": "tiny\n-Q4_K_M.gguf"}),
    "a short commit": ({}, {"commit": "c" * 7}),
    "a commit that is none": ({}, {"commit": "g" * 40}),
    "a branch for a commit": ({}, {"commit": "main"}),
    "more than the hub gives": ({}, {"size": 50 * 1000**3 + 1}),
    "a digest in capitals": ({}, {"sha256": Digest.of(OLD).hex.upper()}),
}


@pytest.mark.parametrize(("options", "changes"), CONTRADICTED.values(), ids=CONTRADICTED)
def test_what_the_manifest_can_not_mean_is_refused(
    hub: HubServer, hub_context: Context, options: dict[str, Fact], changes: dict[str, Fact]
) -> None:
    with pytest.raises(ResolutionError) as caught:
        restored(hub_context, pin(**changes), **options)
    assert type(caught.value) is Unusable
    assert caught.value.hint
    assert hub.requests == []


@pytest.mark.parametrize(
    ("options", "follows"),
    [({}, True), ({"revision": "v1"}, True), ({"revision": "c" * 40}, False), ({"sha256": Digest.of(OLD).hex}, False)],
    ids=str,
)
def test_only_what_may_mean_something_else_tomorrow_is_followed(
    hub_context: Context, options: dict[str, Fact], follows: bool
) -> None:
    assert restored(hub_context, pin(), **options).follows == follows


def test_a_locked_file_is_fetched_from_the_commit_in_the_lock(hub: HubServer, hub_context: Context) -> None:
    first = hub.commit(REPO, {Q8: OLD})
    then = pinned(hub_context, quantization="Q8_0")
    hub.commit(REPO, {Q8: NEW})

    [(name, blob)] = restored(hub_context, then.pin, quantization="Q8_0").files
    path = brought(load("huggingface", hub_context), blob, lambda *_: None)

    assert (name, path.read_bytes()) == ("tiny-Q8_0.gguf", OLD)
    assert {request.path.partition("?")[0] for request in hub.requests if "/resolve/" in request.path} == {
        f"/{REPO}/resolve/{first}/{Q8}"
    }


def test_what_is_gone_is_not_fetched_from_elsewhere(hub: HubServer, hub_context: Context) -> None:
    hub.commit(REPO, {Q4: NEW})
    [(_, blob)] = restored(hub_context, pin()).files
    with pytest.raises(NotFound):
        brought(load("huggingface", hub_context), blob, lambda *_: None)
