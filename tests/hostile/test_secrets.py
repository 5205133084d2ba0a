"""A whole life of a site, good and bad; afterwards every byte that was written anywhere is searched for the secrets."""

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.core.steps import Pull
from reconciler.errors import HostRejected, TransportError
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.commands import Result
from tests.fakes.hf_server import Fault, HubServer
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_model

TOKEN, KEY, HUB = "gpu-bearer-5e1f0c", "gpu-header-77ab31", "hf_hub-token-9d2c44"
WRONG_TOKEN, WRONG_HUB, PROXY = "gpu-wrong-03cc9a", "hf_wrong-b1d8f7", "proxy-pass-c45e20"
SECRETS = (TOKEN, KEY, HUB, WRONG_TOKEN, WRONG_HUB, PROXY)
REPO = "org/tiny-GGUF"
FORMATS = ((), ("--format", "json"))


class Site:
    """Every command that runs here is kept, with what it printed."""

    def __init__(self, run: Callable[..., Result], server: FakeOllama, hub: HubServer) -> None:
        self._run, self.server, self.hub = run, server, hub
        self.results: list[Result] = []

    def run(self, *words: object, log: str = "text") -> Result:
        result = self._run("--log-level", "debug", "--log-format", log, *words)
        self.results.append(result)
        return result


@pytest.fixture
def site(
    reconciler: Callable[..., Result], folder: Path, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    tiny_model(tmp_path / "hub.gguf", seed=7)
    hub.commit(REPO, {"tiny-F16.gguf": tmp_path / "hub.gguf"})
    hub.gate(REPO, HUB)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    with FakeOllama(token=TOKEN) as server:
        declare_host(folder, "gpu", server.url, "auth: {bearerTokenEnv: GPU_TOKEN, headerEnv: {X-Key: GPU_KEY}}")
        model(folder, "local")
        tune(folder, "bot", "local")
        write(
            folder,
            "gated",
            f"kind: Model\nmetadata: {{name: gated}}\nspec: {{source: {{huggingface: {{repo: {REPO}}}}}}}\n",
        )
        yield Site(reconciler, server, hub)


def everything(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            yield str(path), os.fsencode(path)
            if path.is_file():
                yield str(path), path.read_bytes()


def test_no_secret_is_written_anywhere(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_tokens(site)
    _with_wrong_tokens(site, monkeypatch)
    monkeypatch.setenv("GPU_TOKEN", TOKEN)
    monkeypatch.setenv("GPU_KEY", KEY)
    monkeypatch.setenv("HF_TOKEN", HUB)
    _with_failures(site)
    _with_echoes(site)
    _to_the_end(site)
    _through_a_proxy(site, monkeypatch)

    assert {seen.headers.get("Authorization") for seen in site.server.seen} >= {
        f"Bearer {TOKEN}",
        f"Bearer {WRONG_TOKEN}",
    }
    assert {request.authorization for request in site.hub.requests} >= {f"Bearer {HUB}", f"Bearer {WRONG_HUB}"}
    printed = [
        (f"command {number}", text.encode())
        for number, result in enumerate(site.results)
        for text in (result.out, result.err)
    ]
    files = list(everything(tmp_path, Path(os.environ["HOME"])))
    assert any(path.endswith("registry.db") for path, _ in files)
    assert any("answers" in path for path, _ in files)
    found = [(where, secret) for where, text in (*printed, *files) for secret in SECRETS if secret.encode() in text]
    assert found == []


def _without_tokens(site: Site) -> None:
    assert site.run("validate").status == 0
    for words in FORMATS:
        assert site.run("plan", *words).status == 1
        assert site.run("doctor", *words).status == 1


def _with_wrong_tokens(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPU_KEY", KEY)
    monkeypatch.setenv("HF_TOKEN", WRONG_HUB)
    for token in (WRONG_TOKEN, f"{WRONG_TOKEN}\nX-More: 1", f"{WRONG_TOKEN}\u20ac", f" {WRONG_TOKEN} "):
        monkeypatch.setenv("GPU_TOKEN", token)
        for words in FORMATS:
            assert site.run("plan", *words).status == 1
            assert site.run("apply", "--auto-approve", *words, log="json").status == 1
    for token in (f"{WRONG_HUB}\nX-More: 1", f"{WRONG_HUB}\u20ac"):
        monkeypatch.setenv("HF_TOKEN", token)
        assert site.run("plan").status == 1


def _with_failures(site: Site) -> None:
    """The storage of the hub is down, the host breaks off, and a content is damaged on its way."""
    site.hub.fail(Fault(times=99, status=403))
    site.server.fail("create", times=99, error="something broke")
    assert site.run("apply", "--auto-approve").status in {1, 4}
    site.hub.state.faults.waiting.clear()
    site.hub.fail(Fault(times=99, flip_at=100))
    site.server.fail("upload", times=99, status=500, body="no space left on device")
    assert site.run("apply", "--auto-approve", log="json").status in {1, 4}
    site.hub.state.faults.waiting.clear()
    site.server._faults.clear()


def _with_echoes(site: Site) -> None:
    """A proxy before the host repeats what it was sent, as some do when they refuse it."""
    echo = f'{{"error": "refused: Authorization: Bearer {TOKEN}, X-Key: {KEY}"}}'
    for call in ("tags", "version"):
        site.server.fail(call, times=1, status=401, body=echo)
        assert site.run("plan").status == 1
    for fault in ({"status": 500, "body": echo}, {"error": f"refused Bearer {TOKEN} {KEY}"}):
        site.server.fail("create", times=9, **fault)
        site.run("apply", "--auto-approve")
        site.run("apply", "--auto-approve", "--format", "json", log="json")
        site.server._faults.clear()


def _to_the_end(site: Site) -> None:
    assert site.run("apply", "--auto-approve", log="json").status == 0
    for words in FORMATS:
        for command in ("plan", "status", "doctor"):
            assert site.run(command, *words).status == 0
        for command in ("list", "history"):
            assert site.run("registry", command, *words).status == 0
    for name in ("gated", "local", "bot"):
        assert site.run("registry", "show", name).status == 0
    assert site.run("status", "--snapshot", "snapshot.json").status == 0
    assert site.run("plan", "--live", "snapshot.json").status == 0


def _through_a_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:{PROXY}@127.0.0.1:9")
    for words in FORMATS:
        assert site.run("plan", *words).status == 1
        assert site.run("doctor", *words).status == 1


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-More: 1", f"{TOKEN}\u20ac"])
def test_no_exception_holds_a_token_that_cannot_be_sent(token: str) -> None:
    with pytest.raises(TransportError) as caught:
        Http().request("GET", "http://127.0.0.1:9", headers={"Authorization": f"Bearer {token}"})
    assert TOKEN not in "".join(traceback.format_exception(caught.value, chain=True))
    assert "in the token" in caught.value.hint


def test_no_exception_holds_a_token_that_a_host_repeats() -> None:
    with FakeOllama() as server:
        server.fail("pull", error=f"refused Bearer {TOKEN}")
        host = OllamaHost(HostName("a"), server.url, Http(), {"Authorization": f"Bearer {TOKEN}"}, "GPU_TOKEN")
        with pytest.raises(HostRejected, match=r"refused \*\*\*") as caught:
            host.pull(Pull(ModelName.parse("a"), insecure=False, manifest=Digest.of(b""), layers=()), lambda *_: None)
    assert TOKEN not in repr(caught.value)
