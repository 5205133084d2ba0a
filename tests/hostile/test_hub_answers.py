"""Hugging Face hubs and registries that lie: about sizes, names, counts, and about where to go with a token."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import Ambiguous, ResolutionError, SourceUnavailable, Unusable
from reconciler.ports import Source
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
from tests.fakes.hf_server import Fault, HubServer
from tests.fakes.oci_server import OciServer
from tests.sources.downloads import brought
from tests.sources.references import ref
from tests.sources.test_ollama import manifest

REPO, TOKEN = "org/tiny-GGUF", "hf_only-for-the-hub"
FILE = {"type": "file", "path": "tiny-Q4_0.gguf", "size": 3, "lfs": {"oid": "a" * 64}}


@pytest.fixture
def oci() -> Iterator[OciServer]:
    with OciServer() as server:
        yield server


@pytest.fixture
def hub(hub: HubServer) -> HubServer:
    hub.commit(REPO, {"tiny-Q4_0.gguf": b"one"})
    return hub


def source(kind: str, folder: Path, **environ: str) -> Source:
    return load(kind, Context(Http(stall_timeout=5), FileCache(folder / "answers"), folder / "downloads", environ))


def listed(hub: HubServer, *files: object) -> None:
    hub.fail(Fault("hub", path="/tree/", times=99, status=200, body=json.dumps(files).encode()))


@pytest.mark.parametrize("size", [-1, True, 10**30, 10**400, 1.5, None], ids=lambda size: str(size)[:9])
def test_a_file_of_a_size_that_no_disk_has_is_refused(hub: HubServer, tmp_path: Path, size: object) -> None:
    listed(hub, {**FILE, "size": size})
    with pytest.raises(SourceUnavailable, match="listing can't be read"):
        source("huggingface", tmp_path, HF_ENDPOINT=hub.url).resolve(ref("huggingface", repo=REPO))


@pytest.mark.parametrize(
    "path",
    ["\ud800", "\x1b[31m", "a\n", "\u202e", "../x", "/x", "a/../../x", "a//x", "x" * 5000],
    ids=lambda path: ascii(path)[:20],
)
def test_a_file_with_a_name_that_no_repo_has_is_not_seen(hub: HubServer, tmp_path: Path, path: str) -> None:
    listed(hub, FILE, {**FILE, "path": f"{path}-Q8_0.gguf"})
    found = source("huggingface", tmp_path, HF_ENDPOINT=hub.url).resolve(ref("huggingface", repo=REPO))
    assert dict(found.provenance)["file"] == "tiny-Q4_0.gguf"


def test_a_listing_of_many_files_is_told_in_short(hub: HubServer, tmp_path: Path) -> None:
    listed(hub, *({**FILE, "path": f"{number}-Q4_0.gguf"} for number in range(10_000)))
    with pytest.raises(Ambiguous) as caught:
        source("huggingface", tmp_path, HF_ENDPOINT=hub.url).resolve(ref("huggingface", repo=REPO))
    assert len(str(caught.value)) < 2000
    assert "and 9980 more" in caught.value.message


def test_a_listing_without_an_end_is_given_up(hub: HubServer, tmp_path: Path) -> None:
    page = json.dumps([{**FILE, "path": f"{number}-Q4_0.gguf"} for number in range(30_000)]).encode()
    again = {"Link": '<https://elsewhere.example/?cursor=1>; rel="next"'}
    hub.fail(Fault("hub", path="/tree/", times=99, status=200, body=page, headers=again))
    with pytest.raises(SourceUnavailable, match="has no end"):
        source("huggingface", tmp_path, HF_ENDPOINT=hub.url).resolve(ref("huggingface", repo=REPO))
    assert len([request for request in hub.requests if "/tree/" in request.path]) < 10


def test_a_token_follows_no_redirect_to_another_origin(hub: HubServer, tmp_path: Path) -> None:
    hub.accept(TOKEN)
    with HubServer(tmp_path / "thief") as thief:
        hub.fail(
            Fault("hub", path="/api/", times=9, status=307, headers={"Location": f"{thief.url}/api/models/{REPO}"})
        )
        asked = source("huggingface", tmp_path, HF_ENDPOINT=hub.url, HF_TOKEN=TOKEN)
        with pytest.raises(ResolutionError):
            asked.resolve(ref("huggingface", repo=REPO))
        assert {request.authorization for request in hub.requests} == {f"Bearer {TOKEN}"}
        assert [request.authorization for request in thief.requests] == [""]


def test_a_token_follows_no_download_to_another_origin(hub: HubServer, tmp_path: Path) -> None:
    """Whether the hub's `resolve` names another origin as the file's place, or sends the question itself there."""
    hub.accept(TOKEN)
    asked = source("huggingface", tmp_path, HF_ENDPOINT=hub.url, HF_TOKEN=TOKEN)
    ((_, blob),) = asked.resolve(ref("huggingface", repo=REPO)).files
    with HubServer(tmp_path / "thief") as thief:
        for status in (302, 307, 308):
            away = {"Location": f"{thief.url}/x?Signature=1", "X-Repo-Commit": "a" * 40, "ETag": '"x"'}
            hub.fail(Fault("hub", method="HEAD", path="/resolve/", times=3, status=status, headers=away))
            with pytest.raises(ResolutionError):
                brought(asked, blob, lambda *_: None)
        assert thief.requests
        assert {request.authorization for request in thief.requests} == {""}


@pytest.mark.parametrize("kind", ["gated", "absent"])
def test_a_password_in_the_endpoint_is_neither_shown_nor_kept(hub: HubServer, tmp_path: Path, kind: str) -> None:
    hub.gate(REPO, TOKEN) if kind == "gated" else hub.hide(REPO, TOKEN)
    endpoint = hub.url.replace("//", "//user:s3cret@")
    with pytest.raises(ResolutionError) as caught:
        source("huggingface", tmp_path, HF_ENDPOINT=endpoint).resolve(ref("huggingface", repo=REPO))
    assert "HF_ENDPOINT" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize("size", [True, -1, 2**63, 10**400], ids=lambda size: str(size)[:9])
def test_a_layer_of_a_size_that_no_disk_has_is_refused(oci: OciServer, tmp_path: Path, size: int) -> None:
    document = json.loads(manifest())
    document["layers"][0]["size"] = size
    oci.manifests["team/m:v1"] = json.dumps(document).encode()
    with pytest.raises(Unusable, match="no digest or no size"):
        source("ollama", tmp_path).resolve(ref("ollama", name=f"{oci.address}/team/m:v1", insecure=True))
