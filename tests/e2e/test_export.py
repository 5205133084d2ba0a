"""A real server, set up by hand, becomes manifests that find it in sync; and what they can bring back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hands import Hands
from tests.fakes.hf_server import HubServer
from tests.manifests import model, tune, write
from tests.parts.gguf import CHATML, tiny_adapter, tiny_model, tiny_projector
from tests.parts.ollama import RealOllama
from tests.parts.safetensors import put, tiny_llama

pytestmark = [pytest.mark.ollama, pytest.mark.hub]

SYSTEM = 'You are "brief".\n\n  Never say """ or # aloud: no.\t\r\n'
MESSAGES = [
    {"role": "system", "content": "- x"},
    {"role": "user", "content": ""},
    {"role": "assistant", "content": "ja\n"},
]


class Host:
    """A server of its own, and somebody who sets it up by hand."""

    def __init__(self, server: RealOllama, folder: Path) -> None:
        self.hands, self._folder = Hands(server), folder

    def upload(self, make, name: str, **more: object) -> dict[str, str]:
        """Bring a file onto the server and return its name with its digest."""
        digest = str(make(self._folder / name, **more))
        self.hands.upload(self._folder / name, digest)
        return {name: digest}

    def names(self) -> set[str]:
        """Return what is on it."""
        return set(self.hands.listed())


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Give a server of its own: everything on it is exported."""
    with RealOllama(tmp_path / "server") as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield Host(server, tmp_path)


@pytest.fixture
def hub(registry, unique):
    """Return the beginning of names on a real registry that no other test uses."""
    return f"{registry.hub}/team/{unique}"


@pytest.fixture
def far(monkeypatch):
    """Give an empty Hugging Face hub that `$HF_ENDPOINT` names."""
    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def run(reconciler, tmp_path, refusals):
    """Return a function that runs a command on what was exported, with a registry of its own; no network is there."""

    def call(*words: str, status: int = 0) -> str:
        done = reconciler("--registry", f"sqlite:///{tmp_path}/registry.db", *words)
        refusals.clear()
        assert done.status == status, done.out + done.err
        return done.out

    return call


def settle(host: Host, hub: str) -> None:
    """Set up a server as people do over the months."""
    hands = host.hands
    for seed, tag in ((81, "kept"), (82, "left")):
        hands.create(f"{hub}:{tag}", files=host.upload(tiny_model, f"{tag}.gguf", seed=seed), system="From the hub.")
        hands.publish(f"{hub}:{tag}")
        hands.pull(f"{hub}:{tag}")
    hands.copy(f"{hub}:kept", "short")
    hands.create("over-kept", base=f"{hub}:kept", system=SYSTEM, messages=MESSAGES, parameters={"stop": ["7", "a b"]})
    hands.create("over-left", base=f"{hub}:left", license=["MIT", "More"], parameters={"num_ctx": 64})
    hands.delete(f"{hub}:left")
    file = host.upload(tiny_model, "plain.gguf", seed=83, chat_template=CHATML)
    hands.create("plain", files=file, parameters={"temperature": 0.7, "num_ctx": 1_048_576}, template="{{ .Prompt }}")
    hands.create("derived", files=file)
    hands.create("bot", base="plain", system="no", adapters=host.upload(tiny_adapter, "lora.gguf", seed=83))
    hands.create("botbot", base="bot", parameters={"seed": -1})
    eyes = host.upload(tiny_projector, "eyes.gguf", seed=84)
    hands.create("eyes", files=host.upload(tiny_model, "sees.gguf", seed=84), adapters=eyes)


def test_a_server_that_people_set_up_is_in_sync_with_what_is_exported_of_it(host, hub, run, tmp_path):
    settle(host, hub)
    before = host.hands.listed()
    out = str(tmp_path / "out")
    told = run("export", "--out", out)
    assert "models.yaml: 9 models, 3 from hubs, 3 as builds on others, 3 by blobs that only this host holds." in told
    run("validate", out)
    assert "Apply will put 9 of them on record" in run("plan", out)
    run("adopt", "--manifests", out)
    run("plan", "--detailed-exitcode", out)
    run("apply", "--auto-approve", out)
    assert host.hands.listed() == before


def test_what_is_deleted_comes_back_where_it_can_and_is_refused_where_it_cannot(host, hub, run, tmp_path):
    settle(host, hub)
    out = str(tmp_path / "out")
    run("export", "--out", out)
    run("adopt", "--manifests", out)
    shown = {name: told(host, name) for name in host.names()}
    gone = {f"{hub}:kept", "short:latest", "over-left:latest", "bot:latest", "derived:latest"}
    host.hands.delete(*gone)
    run("apply", "--auto-approve", out)
    run("plan", "--detailed-exitcode", out)
    assert {name: told(host, name) for name in host.names()} == shown

    host.hands.delete("eyes:latest")
    refused = run("plan", out, status=1)
    assert "the host does not hold the blob" in refused
    assert "declare where its content comes from" in refused
    assert "eyes:latest" not in host.names()


def told(host: Host, name: str) -> dict[str, object]:
    """Return what a server shows of a model, but for times, what is random, and what it was made from."""
    shown = host.hands.show(name)
    found = {key: shown.get(key) for key in ("template", "system", "messages", "license", "capabilities")}
    found["modelfile"] = [line for line in shown["modelfile"].splitlines() if line.startswith(("FROM ", "ADAPTER "))]
    return {**found, "parameters": sorted(str(shown.get("parameters", "")).splitlines())}


def test_what_was_converted_on_the_server_is_declared_by_the_blob_that_came_of_it(host, run, tmp_path):
    folder = put(tmp_path / "tensors", tiny_llama(seed=85))
    files = {}
    for path in folder.iterdir():
        files |= host.upload(lambda place, path=path: digest_of(place, path), path.name)
    host.hands.create("converted", files=files)
    out = str(tmp_path / "out")
    run("export", "--out", out)
    assert "blob: sha256:" in (tmp_path / "out" / "models.yaml").read_text()
    run("adopt", "--manifests", out)
    run("plan", "--detailed-exitcode", out)


def digest_of(place: Path, path: Path) -> str:
    """Copy a file, and return its digest."""
    from reconciler.core.digest import Digest

    place.write_bytes(path.read_bytes())
    return str(Digest.of(place.read_bytes()))


def test_a_tag_that_moved_since_is_told_and_its_old_content_declared(host, hub, run, tmp_path):
    name = f"{hub}:moving"
    file = host.upload(tiny_model, "m.gguf", seed=86)
    host.hands.create(name, files=file)
    host.hands.copy(name, "spare")
    host.hands.publish(name)
    host.hands.create(name, files=file, system="Newer, and only here.")
    text = run("export", name)
    assert "means something else on its hub now" in " ".join(text.replace("\n#", "").split())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "models.yaml").write_text(text)
    run("adopt", "--manifests", str(tmp_path / "out"))
    run("plan", "--detailed-exitcode", str(tmp_path / "out"))


def test_what_we_applied_is_in_sync_with_what_is_exported_of_it(host, hub, far, folder, run, tmp_path):
    name = f"{hub}:ours"
    host.hands.create(name, files=host.upload(tiny_model, "pulled.gguf", seed=87), system="From the hub.")
    host.hands.publish(name)
    file = tmp_path / "far-Q8_0.gguf"
    tiny_model(file, seed=88)
    far.commit("team/far", {file.name: file})
    source = f"source: {{ollama: {{name: '{name}', insecure: true}}}}"
    write(folder, "pulled", f"kind: Model\nmetadata: {{name: '{name}'}}\nspec:\n  {source}\n")
    write(folder, "laid", f"kind: Model\nmetadata: {{name: laid}}\nspec:\n  {source}\n  system: Laid over it.\n")
    source = "source: {huggingface: {repo: team/far, quantization: Q8_0}}"
    write(folder, "far", f"kind: Model\nmetadata: {{name: far}}\nspec:\n  {source}\n  parameters: {{num_ctx: 128}}\n")
    model(folder, "near", more="license: MIT\nprotect: true")
    tune(folder, "bot", "near", "system: Brief.\nparameters: {seed: 1, stop: [a, b]}\nadapter: {gguf: lora.gguf}")
    tiny_adapter(folder / "lora.gguf", seed=83)
    tune(folder, "botbot", "bot", "examples: [{user: hi, assistant: ho}]")
    run("apply", "--auto-approve", str(folder))
    before, out = host.hands.listed(), str(tmp_path / "out")
    assert "models.yaml: 6 models, 6 as on our records." in run("export", "--out", out)
    told = run("plan", "--detailed-exitcode", out)
    assert told.startswith("No changes. 6 models in sync on 1 host.")
    run("apply", "--auto-approve", out)
    assert host.hands.listed() == before
