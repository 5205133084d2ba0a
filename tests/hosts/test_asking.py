"""Asking a model: its words, the length of its embeddings, and what a host says that can't give either."""

import re
import time

import pytest

from reconciler.core.names import HostName, ModelName
from reconciler.errors import HostError, HostRejected, HostTimeout
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File, Named, make
from tests.parts.ollama import RealOllama

CALLS = {
    "generate": lambda host, name: host.ask(name, "2+2=", 60, keep=False),
    "embed": lambda host, name: host.embed(name, "2+2=", 60, keep=False),
}


@pytest.fixture
def fake_host(fake: FakeOllama, files: dict[str, File]) -> OllamaHost:
    """Give a host that can answer, with the model `m`."""
    host = OllamaHost(HostName("test"), fake.url, Http(stall_timeout=20))
    make(host, ModelName.parse("m"), files["model"])
    return host


NAME = ModelName.parse("m")


def test_the_answer_is_what_the_model_says(fake: FakeOllama, fake_host: OllamaHost) -> None:
    fake.mouth.answers["2+2="] = "It is\n4."
    assert fake_host.ask(NAME, "2+2=", 60, keep=False) == "It is\n4."
    assert fake.seen[-1].body == {
        "model": "m:latest",
        "prompt": "2+2=",
        "stream": False,
        "think": False,
        "options": {"temperature": 0, "seed": 1, "num_predict": 256},
        "keep_alive": 0,
    }


def test_the_dimensions_of_an_embedding_are_counted(fake: FakeOllama, fake_host: OllamaHost) -> None:
    fake.mouth.dimensions = 7
    assert fake_host.embed(NAME, "text", 60, keep=False) == 7
    assert fake.seen[-1].body == {"model": "m:latest", "input": "text", "stream": False, "keep_alive": 0}


@pytest.mark.parametrize("call", CALLS)
def test_a_model_leaves_the_memory_unless_it_is_to_stay(fake: FakeOllama, fake_host: OllamaHost, call: str) -> None:
    CALLS[call](fake_host, NAME)
    assert fake_host.loaded() == frozenset()
    fake_host.ask(NAME, "x", 60, keep=True)
    assert "keep_alive" not in fake.seen[-1].body
    assert fake_host.loaded() == {NAME}


@pytest.mark.parametrize("call", CALLS)
def test_a_model_that_is_not_there_can_not_be_asked(host: OllamaHost, named: Named, call: str) -> None:
    with pytest.raises(HostRejected, match="not found") as caught:
        CALLS[call](host, named("nothing"))
    assert caught.value.status == 404
    assert caught.value.where == host.url


def refusal(host: OllamaHost, name: ModelName, call: str) -> str:
    """Return why a server could not answer, or nothing where it could: many that are real have no GPU."""
    try:
        CALLS[call](host, name)
    except HostRejected as error:
        return error.message
    return ""


@pytest.mark.ollama
@pytest.mark.parametrize("call", CALLS)
def test_a_real_server_answers_or_says_why_not(
    ollama: RealOllama, named: Named, files: dict[str, File], call: str
) -> None:
    host, name = OllamaHost(HostName("test"), ollama.url, Http(stall_timeout=20)), named("asked")
    make(host, name, files["model"])
    assert re.fullmatch(r"|.*terminated: exit status 2|.*support embeddings", refusal(host, name, call))
    end = time.monotonic() + 10
    while name in host.loaded() and time.monotonic() < end:  # a server lets go of it when it finds the time
        time.sleep(0.05)
    assert name not in host.loaded()


ODD = [
    (200, "<html>", "not JSON"),
    (200, "[]", "not a JSON object"),
    (200, "{}", "holds no"),
    (200, '{"response": 4, "embeddings": 4}', "holds no"),
    (200, '{"response": null, "embeddings": [[1], [2]]}', "holds no"),
    (500, '{"error":"model requires more system memory (9.0 GiB) than is available (1.0 GiB)"}', "9.0 GiB"),
    (404, "", "without a word"),
]


@pytest.mark.parametrize(("status", "body", "words"), ODD)
@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_answer_is_refused(
    fake: FakeOllama, fake_host: OllamaHost, call: str, status: int, body: str, words: str
) -> None:
    fake.fail(call, status=status, body=body)
    with pytest.raises(HostRejected, match=words):
        CALLS[call](fake_host, NAME)


def test_memory_that_is_short_has_a_hint(fake: FakeOllama, fake_host: OllamaHost) -> None:
    fake.fail("generate", status=500, body='{"error":"model requires more system memory (9.0 GiB)"}')
    with pytest.raises(HostRejected) as caught:
        CALLS["generate"](fake_host, NAME)
    assert caught.value.hint == "free memory on the host, or choose a smaller model or quantisation"


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_takes_too_long_is_not_waited_for(fake: FakeOllama, fake_host: OllamaHost, call: str) -> None:
    fake.fail(call, stall=30)
    begun = time.monotonic()
    with pytest.raises(HostTimeout):
        fake_host.ask(NAME, "x", 1, keep=False) if call == "generate" else fake_host.embed(NAME, "x", 1, keep=False)
    assert time.monotonic() - begun < 15  # the connection itself may be silent for 20
    assert fake.calls(call) == [call]


def test_a_server_that_is_gone_is_an_error_of_the_host(files: dict[str, File]) -> None:
    with pytest.raises(HostError):
        OllamaHost(HostName("test"), "http://127.0.0.1:9", Http()).ask(NAME, "x", 1, keep=False)
