"""The faults of the original that the fake has too, called without our protection, on a real server and on fakes."""

import json

import pytest

from reconciler.core.names import HostName, ModelName
from reconciler.errors import HostRejected
from reconciler.hosts.ollama_host import OllamaHost, version_tuple
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File, Named, make

Files = dict[str, File]


def post(url: str, call: str, body: object) -> tuple[int, list[dict[str, object]]]:
    """Return status and lines of an answer, taken as it is."""
    reply = Http(stall_timeout=20).request("POST", f"{url}/api/{call}", body=json.dumps(body).encode())
    return reply.status, [json.loads(line) for line in reply.text.splitlines()]


def test_streaming_create_from_a_missing_base_empties_the_model(host: OllamaHost, base: ModelName) -> None:
    request = {"model": str(base), "from": "127.0.0.1:9/library/none:x", "system": "x"}
    status, lines = post(host.url, "create", request)
    assert "pull model manifest" in str(lines)
    if version_tuple(host.version()) >= (0, 12, 6, 1):
        assert lines[-1] != {"status": "success"}
        assert host.show(base)
        return
    assert (status, lines[-1]) == (200, {"status": "success"})
    with pytest.raises(HostRejected, match="not found"):
        host.show(base)


def test_create_from_a_missing_base_without_streaming_writes_nothing(host: OllamaHost, base: ModelName) -> None:
    request = {"model": str(base), "from": "127.0.0.1:9/library/none:x", "system": "x", "stream": False}
    status, lines = post(host.url, "create", request)
    assert (status, list(lines[-1])) == (500, ["error"])
    assert host.show(base)


def test_licences_grow_when_a_model_is_built_from_itself(host: OllamaHost, base: ModelName, unique: str) -> None:
    for text in ("A", "B"):
        post(host.url, "create", {"model": str(base), "from": str(base), "license": text})
    assert dict(host.show(base))["license"] == "A\nB"


def test_new_name_takes_the_case_of_any_stored_part(host: OllamaHost, files: Files, unique: str) -> None:
    make(host, ModelName.parse(f"{unique}-a:{unique}-q4"), files["model"])
    make(host, ModelName.parse(f"{unique}-B:{unique.upper()}-Q4"), files["model"])
    listed = [str(live.address.model) for live in host.models()]
    assert f"{unique}-B:{unique}-q4" in listed


def test_error_in_a_stream_comes_under_200(host: OllamaHost, named: Named) -> None:
    missing = {"model.gguf": f"sha256:{'0' * 64}"}
    assert post(host.url, "create", {"model": str(named("x")), "files": missing})[0] == 200
    assert post(host.url, "create", {"model": str(named("x")), "files": missing, "stream": False})[0] == 500


def test_parameters_come_in_random_order(host: OllamaHost, base: ModelName) -> None:
    parameters = dict.fromkeys(("seed", "top_k", "num_ctx", "num_keep", "num_gpu", "num_batch"), 1)
    post(host.url, "create", {"model": str(base), "from": str(base), "parameters": parameters})
    orders = {str(post(host.url, "show", {"model": str(base)})[1][0]["parameters"]) for _ in range(20)}
    assert len(orders) > 1


def test_uploaded_weights_are_rewritten_from_0_30_on(files: Files) -> None:
    with FakeOllama("0.30.0") as fake:
        host = OllamaHost(HostName("test"), fake.url, Http())
        name = ModelName.parse("m")
        make(host, name, files["model"])
        assert dict(host.show(name))["weights"] != str(files["model"].digest)
