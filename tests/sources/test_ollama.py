"""Names on a hub: what they are pinned to, and what every refusal of a hub means."""

import json

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.steps import Pull
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable, Unusable
from reconciler.sources import Context, load
from tests.fakes.http_faults import Fault
from tests.fakes.oci_server import TOKEN, OciServer
from tests.sources.references import ref

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
WEIGHTS = Digest.of(b"weights")
CONFIG = Digest.of(b"config")


def manifest(**changes: object) -> bytes:
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": DOCKER,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": str(CONFIG), "size": 6},
        "layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": str(WEIGHTS), "size": 7}],
    }
    document.update(changes)
    return json.dumps(document, separators=(",", ":")).encode()


def refused(context: Context, oci: OciServer, name: str = "team/m:tag") -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        load("ollama", context).resolve(ref("ollama", name=f"{oci.address}/{name}", insecure=True))
    return caught.value


def test_a_name_is_pinned_to_its_manifest_with_one_small_get(context: Context, oci: OciServer) -> None:
    body = oci.manifests["team/m:tag"] = manifest()
    name = f"{oci.address}/team/m:tag"

    pinned = load("ollama", context).resolve(ref("ollama", name=name, insecure=True))

    assert pinned.pull == Pull(
        ModelName.parse(name),
        True,
        Digest.of(body),
        ((CONFIG, 6), (WEIGHTS, 7)),
        (Digest.of(body),),
        (("model", WEIGHTS),),
        body,
    )
    assert pinned.foretold == (Digest.of(body),)
    assert (pinned.reference, pinned.size, pinned.files) == (name, 13, ())
    assert dict(pinned.provenance) == {"name": name, "hub": oci.url, "manifest": str(Digest.of(body))}
    [request] = oci.requests
    assert (request.method, request.path) == ("GET", "/v2/team/m/manifests/tag")
    assert request.user_agent.startswith("reconciler/")


def test_a_moved_tag_is_pinned_anew(context: Context, oci: OciServer) -> None:
    source, question = load("ollama", context), ref("ollama", name=f"{oci.address}/team/m:tag", insecure=True)
    oci.manifests["team/m:tag"] = manifest()
    before = source.resolve(question)
    oci.manifests["team/m:tag"] = manifest(layers=[{**layer(), "size": 8}])

    after = source.resolve(question)

    assert before.reference == after.reference
    assert before.foretold != after.foretold


def layer(type: str = "model") -> dict[str, object]:
    return {"mediaType": f"application/vnd.ollama.image.{type}", "digest": str(WEIGHTS), "size": 7}


REFUSALS = {
    "no such tag": (404, b"manifest unknown", NotFound, "is not on", "check the spelling"),
    "an OCI image": (404, b"OCI manifest found, but accept header", Unusable, "OCI image", "ollama push"),
    "hf.co: no such quantisation": (400, b'{"error":"The specified tag is not a valid"}', NotFound, "is not on", "tag"),
    "hf.co: split": (400, b'{"error":"sharded GGUF is not supported"}', Unusable, "split", "another tag"),
    "login wanted": (401, b"", AccessDenied, "does not give", "private"),
    "forbidden": (403, b"", AccessDenied, "does not give", "private"),
    "Ollama too old": (412, b"", Unusable, "needs a newer Ollama", "upgrade"),
    "too many requests": (429, b"", SourceUnavailable, "429", "later"),
    "hub broken": (500, b"", SourceUnavailable, "500", "later"),
    "a login page": (200, b"<html>", SourceUnavailable, "is not a manifest", "proxy"),
    "JSON of another kind": (200, b"[]", SourceUnavailable, "is not a manifest", ""),
}


@pytest.mark.parametrize(("status", "body", "kind", "words", "hint"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_of_the_hub_is_said_in_our_words(
    context: Context, oci: OciServer, status: int, body: bytes, kind: type, words: str, hint: str
) -> None:
    oci.answer(status, body, Retry_After="0")

    error = refused(context, oci)

    assert type(error) is kind
    assert words in error.message
    assert hint in error.hint
    assert "team/m:tag" in error.message


MANIFESTS = {
    "an OCI type": (manifest(mediaType="application/vnd.oci.image.index.v1+json"), "which Ollama does not pull"),
    "no model in it": (manifest(layers=[layer("template")]), "has no model in it"),
    "no layers": (manifest(layers=None), "has no model in it"),
    "layers of another kind": (manifest(layers="x"), "has no model in it"),
    "a layer of another kind": (manifest(layers=["x"]), "is broken"),
    "a bad digest": (manifest(layers=[{**layer(), "digest": "sha256:1"}]), "is broken"),
    "a negative size": (manifest(layers=[{**layer(), "size": -1}]), "is broken"),
    "no config": (manifest(config=None), "is broken"),
}


@pytest.mark.parametrize(("body", "words"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_no_host_could_use_is_refused(
    context: Context, oci: OciServer, body: bytes, words: str
) -> None:
    oci.manifests["team/m:tag"] = body

    error = refused(context, oci)

    assert type(error) is Unusable
    assert words in error.message


def test_a_hub_that_is_down_may_be_tried_again(context: Context) -> None:
    with pytest.raises(SourceUnavailable, match="no connection") as caught:
        load("ollama", context).resolve(ref("ollama", name="127.0.0.1:1/team/m", insecure=True))

    assert caught.value.retryable


def test_a_name_that_is_none_is_refused(context: Context) -> None:
    with pytest.raises(Unusable, match="is not a model's name"):
        load("ollama", context).resolve(ref("ollama", name="a/b/c/d"))


def test_the_token_that_anybody_gets_is_asked_for_at_the_hub_itself(context: Context, oci: OciServer) -> None:
    oci.manifests["team/m:tag"] = manifest()
    oci.realm = f"{oci.url}/token"

    pinned = load("ollama", context).resolve(ref("ollama", name=f"{oci.address}/team/m:tag", insecure=True))

    assert pinned.foretold == (Digest.of(manifest()),)
    assert [request.authorization for request in oci.requests] == ["", "", f"Bearer {TOKEN}"]
    assert oci.requests[1].path == "/token?service=hub&scope=repository%3Ateam%2Fm%3Apull"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"token": 1}', '{"token": "ü\\n"}'.encode()])
def test_a_token_that_is_none_is_not_used(context: Context, oci: OciServer, answer: bytes) -> None:
    oci.realm = f"{oci.url}/token"
    oci.faults.add(Fault("oci", path="/token", status=200, body=answer))

    assert type(refused(context, oci)) is AccessDenied
    assert {request.authorization for request in oci.requests} == {""}


def test_a_challenge_that_leads_elsewhere_is_not_followed(context: Context, oci: OciServer) -> None:
    with OciServer() as other:
        oci.realm = f"{other.url}/token"

        assert type(refused(context, oci)) is AccessDenied
        assert other.requests == []
