"""What the lock keeps of a hub model, and that nothing else than what it kept comes out of it again."""

import json

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts, freeze
from reconciler.core.resolution import Pinned
from reconciler.errors import Unusable
from reconciler.sources import Context, load
from tests.fakes.oci_server import OciServer
from tests.sources.references import ref
from tests.sources.test_ollama import WEIGHTS, layer, manifest


@pytest.fixture
def pinned(context: Context, oci: OciServer) -> Pinned:
    return pinned_as(context, oci, manifest())


def pinned_as(context: Context, oci: OciServer, body: bytes) -> Pinned:
    oci.manifests["team/m:tag"] = body
    return load("ollama", context).resolve(question(oci))


def question(oci: OciServer, **options: Fact):
    return ref("ollama", name=f"{oci.address}/team/m:tag", insecure=True, **options)


def through_a_file(pin: Facts) -> Facts:
    return facts((path, freeze(value)) for path, value in json.loads(json.dumps(dict(pin))).items())


def test_the_lock_keeps_the_manifest_and_says_what_is_in_it(pinned: Pinned) -> None:
    assert dict(pinned.pin) == {
        "digest": str(Digest.of(manifest())),
        "layers": (f"model {WEIGHTS} 7",),
        "manifest": manifest().decode(),
        "size": 13,
    }


def test_how_a_model_is_brought_is_no_part_of_the_question(context: Context, oci: OciServer, pinned: Pinned) -> None:
    source, other = load("ollama", context), question(oci, relay="always")

    assert source.key(other) == source.key(question(oci)) == f"{oci.address}/team/m:tag"
    assert source.resolve(other) == source.restore(other, through_a_file(pinned.pin)) == pinned


BODIES = {
    "other white space": json.dumps(json.loads(manifest()), indent=4).encode() + b"\r\n",
    "letters of every kind": manifest(annotations={"é": "\u2028 \U0001f600 \ud800 <&>"}),
    "bytes that are no text": manifest(annotations={"x": "?"}).replace(b"?", b"\xff\xc3( \xed\xa0\x80 \x80"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_byte_of_a_manifest_comes_back_out_of_the_lock(context: Context, oci: OciServer, body: bytes) -> None:
    pinned = pinned_as(context, oci, body)

    again = load("ollama", context).restore(question(oci), through_a_file(pinned.pin))

    assert again == pinned
    assert again.pull is not None
    assert again.pull.body == body


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_manifest_that_hosts_could_not_read_is_none(context: Context, oci: OciServer, encoding: str) -> None:
    with pytest.raises(Exception, match="is not a manifest"):
        pinned_as(context, oci, manifest().decode().encode(encoding))


OTHER = manifest(layers=[{**layer(), "size": 8}]).decode()
TAMPERED = {
    "another digest": {"digest": str(WEIGHTS)},
    "another size": {"size": 14},
    "other layers": {"layers": (f"model {WEIGHTS} 8",)},
    "no layers": {"layers": ()},
    "another manifest": {"manifest": OTHER},
    "more than we wrote": {"note": "x"},
    "no manifest": {"manifest": ""},
    "a manifest of another kind": {"manifest": 7},
    "what is no JSON": {"manifest": "{"},
    "what is no manifest": {"manifest": "{}"},
    "what hosts can't pull": {"manifest": manifest(layers=[layer("template")]).decode()},
    "half a letter": {"manifest": "\ud800"},
}


@pytest.mark.parametrize("changed", TAMPERED.values(), ids=TAMPERED)
def test_what_somebody_wrote_into_the_lock_is_refused(
    context: Context, oci: OciServer, pinned: Pinned, changed: dict[str, Fact]
) -> None:
    before = len(oci.requests)
    with pytest.raises(Unusable, match=r"what is locked for .*/team/m:tag (is not what|holds no)") as caught:
        load("ollama", context).restore(question(oci), facts({**dict(pinned.pin), **changed}))

    assert caught.value.hint
    assert len(oci.requests) == before


@pytest.mark.parametrize("name", ["digest", "layers", "manifest", "size"])
def test_what_somebody_took_out_of_the_lock_is_missed(
    context: Context, oci: OciServer, pinned: Pinned, name: str
) -> None:
    rest = facts((path, value) for path, value in pinned.pin if path != name)
    with pytest.raises(Unusable):
        load("ollama", context).restore(question(oci), rest)
