"""`--listen`: where hosts fetch from us what they can't pull."""

import json
import socket
from pathlib import Path

import pytest

from tests.fakes.oci_server import OciServer, basic
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File
from tests.hosts.locked import locked
from tests.manifests import write
from tests.parts.gguf import tiny_model

LOGIN = "reader:secret"


@pytest.fixture
def private(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Declare a model from a hub that wants a login, which we have and the host has not."""
    with OciServer() as hub:
        hub.login = LOGIN
        auth = {"auth": basic(LOGIN).removeprefix("Basic ")}
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {hub.address: auth}}))
        file = tmp_path / "m.gguf"
        model = locked(tmp_path, File(file, tiny_model(file)), "be brief")
        hub.manifests["team/m:v1"] = model.pull.body
        hub.blobs.update({str(layer.digest): layer.path for layer in model.layers})
        source = f"source: {{ollama: {{name: '{hub.address}/team/m:v1', insecure: true}}}}"
        write(folder, "m", f"kind: Model\nmetadata: {{name: m}}\nspec: {{{source}}}\n")
        yield hub


def _pulled(host: FakeOllama) -> list[str]:
    return [str(seen.body["model"]) for seen in host.seen if seen.call == "pull"]


def test_a_host_on_this_machine_fetches_on_loopback(reconciler, private, host):
    assert reconciler("apply", "--auto-approve").status == 0
    (name,) = _pulled(host)
    assert name.startswith("127.0.0.1:")
    assert reconciler("plan", "--detailed-exitcode").status == 0


def test_every_host_fetches_where_we_say(reconciler, private, host):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"localhost:{probe.getsockname()[1]}"
    assert reconciler("--listen", address, "apply", "--auto-approve").status == 0
    (name,) = _pulled(host)
    assert name.startswith(f"{address}/reconciler-staging/")


def test_the_address_may_stand_in_the_environment(reconciler, private, host, monkeypatch):
    monkeypatch.setenv("RECONCILER_LISTEN", "localhost")
    assert reconciler("apply", "--auto-approve").status == 0
    (name,) = _pulled(host)
    assert name.startswith("localhost:")
