"""Real registries: which way the layers take from each, and that what is fetched from them is what was pinned."""

import json
from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.routes import Route, layers_of
from reconciler.errors import AccessDenied
from reconciler.ports import Source
from reconciler.sources import Context, load
from tests.fakes.oci_server import basic
from tests.parts.registry import LOGIN, MODEL_TYPE, Layer, RealRegistry
from tests.sources.downloads import brought
from tests.sources.references import ref

pytestmark = pytest.mark.hub
WEIGHTS = b"GGUF of a megabyte " * 60_000
ALL = {"plain", "hub", "private"}


@pytest.fixture
def source(registry: RealRegistry, context: Context) -> Source:
    """Return a source that has the login of the private registry."""
    registry.put_model("team/routed", "v1", Layer(MODEL_TYPE, WEIGHTS))
    auths = {"auths": {registry.private: {"auth": basic(LOGIN).removeprefix("Basic ")}}}
    return load("ollama", replace(context, environ={"DOCKER_AUTH_CONFIG": json.dumps(auths)}))


@pytest.mark.parametrize(
    ("where", "relay", "route"),
    [
        ("plain", "auto", Route.RELAY),
        ("plain", "never", Route.PULL),
        ("plain", "always", Route.RELAY),
        ("hub", "auto", Route.PULL),
        ("hub", "always", Route.RELAY),
        ("private", "auto", Route.INSTALL),
        ("private", "always", Route.INSTALL),
        ("private", "never", Route.PULL),
    ],
)
def test_the_route_is_the_one_that_a_host_can_take(
    source: Source, registry: RealRegistry, where: str, relay: str, route: Route
) -> None:
    question = ref("ollama", name=f"{getattr(registry, where)}/team/routed:v1", insecure=True, relay=relay)
    pull = source.resolve(question).pull
    assert pull is not None

    assert source.route(question, pull) is route


@pytest.mark.parametrize("where", sorted(ALL))
def test_every_layer_is_offered_and_fetched(source: Source, registry: RealRegistry, where: str) -> None:
    pull = source.resolve(ref("ollama", name=f"{getattr(registry, where)}/team/routed:v1", insecure=True)).pull
    assert pull is not None

    for blob in layers_of(pull, "ollama"):
        assert source.offers(blob)
        path = brought(source, blob, lambda *_: None)
        assert Digest.of(path.read_bytes()) == blob.digest
        source.release(blob)
        assert not path.exists()
        assert not source.offers(replace(blob, digest=Digest.of(b"nowhere")))


def test_a_registry_that_wants_a_login_says_so_to_those_who_have_none(
    source: Source, registry: RealRegistry, context: Context
) -> None:
    name = f"{registry.private}/team/routed:v1"
    wrong = json.dumps({"auths": {registry.private: {"username": "reader", "password": "wrong"}}})

    for environ, words in (({}, "to everybody"), ({"DOCKER_AUTH_CONFIG": wrong}, "for the login in DOCKER_AUTH")):
        with pytest.raises(AccessDenied, match=words):
            load("ollama", replace(context, environ=environ)).resolve(ref("ollama", name=name, insecure=True))
