"""Real registries, real server: a model comes from wherever it is, also from where Ollama itself can't pull."""

import base64
import json
import os
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from tests.e2e.hands import Hands
from tests.manifests import write
from tests.parts.gguf import tiny_model
from tests.parts.registry import LOGIN, MODEL_TYPE, Layer, RealRegistry

pytestmark = [pytest.mark.ollama, pytest.mark.hub]
ENCODED = base64.b64encode(LOGIN.encode()).decode()
NOISY = ("--log-level", "debug", "--log-format", "json")


@pytest.fixture
def weights(registry: RealRegistry, unique: str, tmp_path: Path) -> bytes:
    """Put a model into the registries, with weights that no host has, and return these."""
    tiny_model(tmp_path / "m.gguf", seed=sum(unique.encode()))
    content = (tmp_path / "m.gguf").read_bytes()
    config = json.dumps({"model_format": "gguf", "model_family": "llama", "model_type": unique}).encode()
    registry.put_model(f"team/{unique}", "v1", Layer(MODEL_TYPE, content), config=config)
    return content


@pytest.fixture
def login(registry: RealRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Docker's file know the login of the private registry, as `docker login` leaves it."""
    folder = Path(os.environ["HOME"]) / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {registry.private: {"auth": ENCODED}}}))


def declare(yard, where: str, **options: str) -> str:
    source = {"name": f"{where}/team/{yard.prefix}:v1", "insecure": True, **options}
    name = yard.name("m")
    write(
        yard.folder,
        "m",
        f"kind: Model\nmetadata: {{name: {name}}}\nspec: {{source: {{ollama: {json.dumps(source)}}}}}\n",
    )
    return name


def downloads() -> set[str]:
    """Return what is left in the folder for downloads: `.lock` where something was fetched, "" for content."""
    return {path.suffix for path in (Path(os.environ["XDG_CACHE_HOME"]) / "reconciler" / "downloads").glob("*")}


@pytest.mark.usefixtures("weights", "login")
@pytest.mark.parametrize("where", ["plain", "hub", "private"])
def test_a_model_comes_from_any_registry_and_is_in_place(yard, registry: RealRegistry, hands: Hands, where: str):
    name = declare(yard, getattr(registry, where))

    planned = yard.reconciler(*NOISY, "plan")
    applied = yard.reconciler(*NOISY, "apply", "--auto-approve", "--format", "json")
    again = yard.reconciler(*NOISY, "plan", "--detailed-exitcode")

    assert (planned.status, applied.status, again.status) == (0, 0, 0), applied.out + applied.err
    assert yard.digests()["m"] == _digest(registry, yard.prefix)
    assert sorted(found for found in hands.listed() if yard.prefix in found) == [f"{name}:latest"]
    assert downloads() == (set() if where == "hub" else {".lock"})
    everything = "".join(result.out + result.err for result in (planned, applied, again))
    assert ENCODED not in everything
    assert LOGIN.partition(":")[2] not in everything


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(("relay", "downloads_itself"), [("always", False), ("never", True)])
def test_a_host_that_is_brought_everything_downloads_nothing_itself(
    yard, ollama, registry: RealRegistry, relay: str, downloads_itself: bool
):
    declare(yard, registry.hub, relay=relay)
    before = ollama.log.stat().st_size

    assert yard.reconciler("apply", "--auto-approve").status == 0

    assert ("downloading" in ollama.log.read_bytes()[before:].decode()) is downloads_itself


@pytest.mark.usefixtures("weights")
def test_a_registry_that_wants_a_login_says_how_to_give_one(yard, registry: RealRegistry):
    declare(yard, registry.private)

    result = yard.reconciler("plan")

    assert f"`docker login {registry.private}` or DOCKER_AUTH_CONFIG" in " ".join((result.out + result.err).split())


@pytest.mark.usefixtures("weights")
def test_without_relay_a_plain_registry_fails_as_it_does_for_ollama(yard, registry: RealRegistry):
    declare(yard, registry.plain, relay="never")

    result = yard.reconciler("apply", "--auto-approve")

    assert result.status != 0
    assert "no Location header" in result.out + result.err


def _digest(registry: RealRegistry, model: str) -> str:
    return Digest.of(registry.manifest(f"team/{model}", "v1")).hex
