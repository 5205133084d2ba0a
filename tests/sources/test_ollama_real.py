"""A real registry and a real server: the digest that we foretell is the digest that the server reports."""

import json
from urllib.request import Request, urlopen

import pytest

from reconciler.core.digest import Digest
from reconciler.errors import NotFound, Unusable
from reconciler.sources import Context, load
from tests.parts.ollama import RealOllama
from tests.parts.registry import MODEL_TYPE, Layer, RealRegistry
from tests.sources.references import ref

pytestmark = pytest.mark.hub
CONFIG = json.dumps({"model_format": "gguf", "model_family": "llama"}).encode()


def asked(server: RealOllama, path: str, body: dict[str, object] | None = None, method: str | None = None) -> bytes:
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(f"{server.url}{path}", data, method=method), timeout=60) as answer:
        return bytes(answer.read())


def reported(server: RealOllama, name: str) -> Digest:
    """Have the server pull a name; returns the digest that it lists, and leaves nothing behind."""
    assert b"success" in asked(server, "/api/pull", {"model": name, "insecure": True, "stream": False})
    models = json.loads(asked(server, "/api/tags"))["models"]
    asked(server, "/api/delete", {"model": name}, "DELETE")
    return next(Digest.parse(model["digest"]) for model in models if model["name"] == name)


def in_other_spelling(body: bytes) -> bytes:
    """Return the same manifest as another tool might write it, with everything in it that servers rewrite or drop."""
    document = json.loads(body)
    document["annotations"] = {"note": "dropped"}
    document["layers"][0] |= {"annotations": {}, "from": '/models/<a> & "b"\u2028é\t'}
    return json.dumps(dict(reversed(document.items())), indent=2, ensure_ascii=False).encode()


@pytest.mark.ollama
def test_what_is_foretold_is_what_a_server_reports(
    context: Context, registry: RealRegistry, ollama: RealOllama
) -> None:
    registry.put_model("team/m", "plain", Layer(MODEL_TYPE, b"GGUF of no importance"), config=CONFIG)
    registry.put_manifest("team/m", "pretty", in_other_spelling(registry.manifest("team/m", "plain")))
    source = load("ollama", context)
    for tag, known in (("plain", 1), ("pretty", 2)):
        name = f"{registry.hub}/team/m:{tag}"

        pinned = source.resolve(ref("ollama", name=name, insecure=True))

        assert len(pinned.foretold) == known
        assert pinned.pull is not None
        assert pinned.pull.manifest == pinned.foretold[0] == Digest.of(registry.manifest("team/m", tag))
        assert reported(ollama, name) in pinned.foretold


def test_a_tag_that_moves_is_seen(context: Context, registry: RealRegistry) -> None:
    source, question = load("ollama", context), ref("ollama", name=f"{registry.hub}/team/moving:v1", insecure=True)
    first = registry.put_model("team/moving", "v1", Layer(MODEL_TYPE, b"one"))
    before = source.resolve(question)
    second = registry.put_model("team/moving", "v1", Layer(MODEL_TYPE, b"two"))

    assert [str(before.foretold[0]), str(source.resolve(question).foretold[0])] == [first, second]


def test_what_a_real_registry_lacks_is_not_found(context: Context, registry: RealRegistry) -> None:
    for name in ("team/none", "team/m:none"):
        with pytest.raises(NotFound):
            load("ollama", context).resolve(ref("ollama", name=f"{registry.hub}/{name}", insecure=True))


def test_an_oci_image_in_a_real_registry_is_named_as_what_it_is(context: Context, registry: RealRegistry) -> None:
    registry.put_model("team/oci", "docker", Layer(MODEL_TYPE, b"one"))
    kind = "application/vnd.oci.image.manifest.v1+json"
    body = json.dumps({**json.loads(registry.manifest("team/oci", "docker")), "mediaType": kind}).encode()
    registry.put_manifest("team/oci", "oci", body, kind)

    with pytest.raises(Unusable, match="is an OCI image"):
        load("ollama", context).resolve(ref("ollama", name=f"{registry.hub}/team/oci:oci", insecure=True))
