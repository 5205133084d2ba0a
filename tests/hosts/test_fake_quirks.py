"""The faults of the original that the fake has too, called without our protection, on a real server and on fakes."""

import json

import pytest

from reconciler.core.names import HostName, ModelName
from reconciler.core.steps import Create
from reconciler.core.versions import Feature, has
from reconciler.errors import HostRejected
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File, Named, make, quiet

Files = dict[str, File]


def post(url: str, call: str, body: object) -> tuple[int, list[dict[str, object]]]:
    """Return status and lines of an answer, taken as it is."""
    reply = Http(stall_timeout=20).request("POST", f"{url}/api/{call}", body=json.dumps(body).encode())
    return reply.status, [json.loads(line) for line in reply.text.splitlines()]


def test_streaming_create_from_a_missing_base_empties_the_model(host: OllamaHost, base: ModelName) -> None:
    request = {"model": str(base), "from": "127.0.0.1:9/library/none:x", "system": "x"}
    status, lines = post(host.url, "create", request)
    assert "pull model manifest" in str(lines)
    if has(host.version(), Feature.STREAM_STOPS_AT_ERRORS):
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


def test_a_renderer_is_dropped_without_a_word_before_0_12_and_inherited_from_0_12_7_on(files: Files) -> None:
    shown = {}
    for version in ("0.9.3", "0.12.0", "0.12.7"):
        with FakeOllama(version) as fake:
            host, base = OllamaHost(HostName("test"), fake.url, Http()), ModelName.parse("base")
            make(host, base, files["model"])
            host.create(Create(ModelName.parse("m"), base, renderer="r", parser="p", system="RENDERER x"), quiet)
            host.create(Create(ModelName.parse("n"), ModelName.parse("m"), system="s"), quiet)
            found = (dict(host.show(ModelName.parse(name))) for name in ("m", "n"))
            shown[version] = [(facts.get("renderer"), facts.get("parser")) for facts in found]
    none = (None, None)
    assert shown == {"0.9.3": [none, none], "0.12.0": [("r", "p"), none], "0.12.7": [("r", "p"), ("r", "p")]}


def test_a_real_server_of_before_0_12_drops_a_renderer(host: OllamaHost, base: ModelName, named: Named) -> None:
    host.create(Create(named("m"), base, renderer="r", parser="p", system="s"), quiet)
    dropped = "renderer" not in dict(host.show(named("m")))
    assert dropped is not has(host.version(), Feature.RENDERERS)


def test_uploaded_weights_are_rewritten_from_0_30_on(files: Files) -> None:
    with FakeOllama("0.30.0") as fake:
        host = OllamaHost(HostName("test"), fake.url, Http())
        name = ModelName.parse("m")
        make(host, name, files["model"])
        assert dict(host.show(name))["weights"] != str(files["model"].digest)
