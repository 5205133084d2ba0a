"""What a real server takes without a word and can't use: refused by us in a plan, before a byte moves."""

import json
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.e2e.hands import Hands
from tests.e2e.test_formats import declare
from tests.e2e.yard import Yard
from tests.fakes.hf_server import HubServer
from tests.parts.gguf import tiny_adapter, tiny_model, tiny_projector
from tests.parts.ollama import RealOllama

pytestmark = [pytest.mark.ollama]

PROMPT = "  test: {prompt: hello, expect: world}\n"
CASES = {
    "an architecture that came later": ({"architecture": "smollm3"}, "unable to load model", "of the architecture"),
    "no tokens": ({"tokens": False}, "", "has no tokenizer, and no server could run it"),
    "a prompt for embeddings": ({"embeds": True}, "does not support generate", "makes embeddings and answers no"),
}


def used(server: RealOllama, model: str) -> str:
    """Return what a server says when a model is asked something; nothing where it dies of it."""
    body = json.dumps({"model": model, "prompt": "hello", "stream": False}).encode()
    try:
        with urlopen(Request(f"{server.url}/api/generate", body)) as answer:
            return str(answer.read())
    except HTTPError as error:
        return error.read().decode()
    except (URLError, ConnectionError):
        return ""


@pytest.mark.parametrize(("made", "answer", "told"), CASES.values(), ids=CASES)
def test_what_a_server_takes_and_breaks_on_is_refused_in_a_plan(
    made: dict[str, object], answer: str, told: str, yard: Yard, huggingface: HubServer, tmp_path: Path
) -> None:
    file = tmp_path / "m-F16.gguf"
    digest = str(tiny_model(file, **made))
    huggingface.commit("org/m", {"m-F16.gguf": file})
    with RealOllama(tmp_path) as server:  # of its own, for it may not outlive this
        hands = Hands(server)
        hands.upload(file, digest)
        hands.create("m", files={file.name: digest})
        said = used(server, "m")
    assert answer in said
    assert bool(said) is bool(answer)

    declare(yard, "m", {"huggingface": {"repo": "org/m"}}, PROMPT)
    writes = yard.hands.writes()
    result = yard.reconciler("plan")

    assert result.status == 1
    assert told in " ".join(result.out.split())
    assert yard.reconciler("apply", "--auto-approve").status != 0
    assert yard.hands.writes() == writes


def test_a_second_model_and_a_strange_adapter_are_taken_by_a_server_and_refused_by_their_headers(
    yard: Yard, huggingface: HubServer, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("m-F16.gguf", "mmproj-m.gguf", "lora.gguf")}
    weights, eyes = tiny_model(files["m-F16.gguf"]), tiny_model(files["mmproj-m.gguf"], seed=1)
    lora = tiny_adapter(files["lora.gguf"], architecture="qwen2")
    for path, digest in zip(files.values(), (weights, eyes, lora), strict=True):
        yard.hands.upload(path, str(digest))
    pair = {"files": {"m.gguf": str(weights)}, "adapters": {"mmproj-m.gguf": str(eyes)}}
    yard.hands.create(yard.name("pair"), **pair)
    yard.hands.create(yard.name("tuned"), files={"m.gguf": str(weights)}, adapters={"lora.gguf": str(lora)})
    yard.hands.delete(yard.name("pair"), yard.name("tuned"))

    huggingface.commit("org/m", {name: path for name, path in files.items() if name != "lora.gguf"})
    huggingface.commit("org/lora", {"lora.gguf": files["lora.gguf"]})
    declare(yard, "pair", {"huggingface": {"repo": "org/m"}})
    declare(yard, "base", {"huggingface": {"repo": "org/m", "mmproj": "none"}})
    yard.tune("tuned", "base", "adapter: {huggingface: {repo: org/lora}}")
    told = " ".join(yard.reconciler("plan").out.split())

    assert "mmproj-m.gguf is no projector, but a GGUF of the kind model (llama)" in told
    assert f"lora.gguf is an adapter for qwen2, and its base {yard.name('base')}:latest is llama" in told

    tiny_projector(files["mmproj-m.gguf"])
    huggingface.commit("org/m", {"mmproj-m.gguf": files["mmproj-m.gguf"], "m-F16.gguf": files["m-F16.gguf"]})
    assert yard.plan()["pair"] == ("create", ["new"])
