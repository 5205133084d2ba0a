"""What we do so that the known faults of its versions cost no model on a host."""

import json

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.core.steps import Create, Pull
from reconciler.errors import HostRejected
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File, make, quiet

MODEL = ModelName.parse("m")
NOT_FOUND = '{"error":"model \'m\' not found"}'
Files = dict[str, File]


def host_at(url: str) -> OllamaHost:
    return OllamaHost(HostName("test"), url, Http(stall_timeout=5))


@pytest.fixture
def host(fake: FakeOllama, files: Files) -> OllamaHost:
    """Give a host with a model `m`."""
    made = host_at(fake.url)
    make(made, MODEL, files["model"])
    return made


@pytest.mark.parametrize(
    ("version", "streams"),
    [
        ("0.9.3", False),
        ("0.0.0", False),
        ("0.12.6-rc1", False),
        ("0.12.6", True),
        ("0.13.0-rc0", True),
        ("1.0.0", True),
    ],
)
def test_build_is_streamed_only_where_a_stream_ends_at_its_first_error(
    files: Files, version: str, streams: bool
) -> None:
    with FakeOllama(version) as fake:
        host = host_at(fake.url)
        make(host, MODEL, files["model"])
        host.create(Create(ModelName.parse("n"), base=MODEL, system="x"), quiet)
        assert [seen.body["stream"] for seen in fake.seen if seen.call == "create"] == [True, streams]


def test_base_is_spelled_as_it_is_listed(host: OllamaHost, fake: FakeOllama) -> None:
    host.create(Create(ModelName.parse("n"), base=ModelName.parse("M:Latest"), system="x"), quiet)
    assert fake.seen[-1].body["from"] == "m:latest"


def test_base_that_vanishes_on_the_way_leaves_the_old_model(host: OllamaHost, fake: FakeOllama, files: Files) -> None:
    make(host, ModelName.parse("target"), files["other"])
    before = host.show(ModelName.parse("target"))
    ghost = {"name": "ghost:latest", "digest": "0" * 64, "size": 1}
    listed = json.dumps({"models": [*fake.store.listed(), ghost]})
    fake.fail("tags", status=200, body=listed)
    with pytest.raises(HostRejected, match="file does not exist"):
        host.create(Create(ModelName.parse("target"), base=ModelName.parse("ghost"), system="x"), quiet)
    assert host.show(ModelName.parse("target")) == before


def test_only_what_is_declared_is_sent(host: OllamaHost, fake: FakeOllama) -> None:
    host.create(Create(MODEL, base=MODEL, system="", template="", parameters=(("stop", ()),)), quiet)
    assert fake.seen[-1].body == {"model": "m:latest", "from": "m:latest", "parameters": {"stop": []}, "stream": False}


@pytest.mark.parametrize(("insecure", "sent"), [(True, {"insecure": True}), (False, {})])
def test_plain_http_to_a_hub_is_asked_for_only_where_it_is_declared(
    host: OllamaHost, fake: FakeOllama, insecure: bool, sent: dict[str, object]
) -> None:
    with pytest.raises(HostRejected, match="no such host"):
        host.pull(Pull(ModelName.parse("x:1"), insecure=insecure, manifest=Digest.of(b""), layers=()), quiet)
    assert fake.seen[-1].body == {"model": "x:1", "stream": True, **sent}


@pytest.mark.parametrize(
    ("status", "body", "tries"),
    [(404, NOT_FOUND, 3), (500, '{"error":"EOF"}', 3), (500, '{"error":"unexpected EOF"}', 3), (500, "other", 1)],
)
def test_listed_model_is_asked_for_again_while_its_manifest_is_being_written(
    host: OllamaHost, fake: FakeOllama, status: int, body: str, tries: int
) -> None:
    fake.fail("show", times=tries - 1 or 1, status=status, body=body)
    if tries == 1:
        with pytest.raises(HostRejected, match="other"):
            host.show(MODEL)
    else:
        assert dict(host.show(MODEL))["weights"]
    assert fake.calls("show") == ["show"] * tries


def test_listed_model_that_stays_broken_is_reported(host: OllamaHost, fake: FakeOllama) -> None:
    fake.fail("show", times=99, status=404, body=NOT_FOUND)
    with pytest.raises(HostRejected, match="not found") as caught:
        host.show(MODEL)
    assert caught.value.status == 404
    assert fake.calls("show") == ["show"] * 4


def test_model_that_is_not_listed_is_asked_for_once(host: OllamaHost, fake: FakeOllama) -> None:
    with pytest.raises(HostRejected):
        host.show(ModelName.parse("other"))
    assert fake.calls("show") == ["show"]


def test_delete_that_finds_nothing_is_believed_only_if_nothing_is_listed(host: OllamaHost, fake: FakeOllama) -> None:
    fake.fail("delete", status=404, body=NOT_FOUND)
    with pytest.raises(HostRejected, match="not found"):
        host.delete(MODEL)
    host.delete(MODEL)
    host.delete(MODEL)
    assert host.models() == ()


def test_names_that_no_manifest_can_hold_are_left_out(host: OllamaHost, fake: FakeOllama) -> None:
    odd = [{"name": "a/b/c/d"}, {"name": "m@sha256:0"}, {"name": ""}]
    stub = {"name": "gpt:cloud", "digest": "ab" * 32, "size": 300, "remote_host": "https://ollama.com:443"}
    fake.fail("tags", status=200, body=json.dumps({"models": [*odd, *fake.store.listed(), stub]}))
    assert [str(live.address.model) for live in host.models()] == ["gpt:cloud", "m:latest"]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"digest": "x", "size": 1},
        {"digest": "0" * 64},
        {"digest": "0" * 64, "size": "9"},
        {"digest": "0" * 64, "size": 1e999},
    ],
)
def test_entry_without_digest_or_size_is_no_empty_place(
    host: OllamaHost, fake: FakeOllama, entry: dict[str, object]
) -> None:
    fake.fail("tags", status=200, body=json.dumps({"models": [{"name": "n:latest", **entry}]}))
    with pytest.raises(HostRejected, match="n:latest is listed without a digest"):
        host.models()


def test_null_is_an_empty_list(host: OllamaHost, fake: FakeOllama) -> None:
    fake.fail("tags", status=200, body='{"models":null}')
    assert host.models() == ()
