"""`apply --no-cache`: what comes from a hub is on the host afterwards, and never was on our disk."""

from pathlib import Path

import pytest

from reconciler.sources._files.pieces import PASSING
from tests.fakes.hf_server import HubServer
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import write
from tests.parts.gguf import tiny_model


def _files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("way", ["option", "environment"])
def test_nothing_but_small_answers_and_records_is_written(
    folder: Path, reconciler, monkeypatch: pytest.MonkeyPatch, hub: HubServer, tmp_path_factory, way: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    content = tmp_path_factory.mktemp("content") / "m-Q8_0.gguf"
    tiny_model(content)
    with content.open("ab") as file:
        file.write(bytes(3 * PASSING))
    hub.commit("org/repo", {content.name: content})
    write(folder, "m", "kind: Model\nmetadata: {name: m}\nspec: {source: {huggingface: {repo: org/repo}}}\n")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    if way == "environment":
        monkeypatch.setenv("RECONCILER_NO_CACHE", "1")
    with FakeOllama() as host:
        monkeypatch.setenv("OLLAMA_HOST", host.url)
        before = _files(folder.parent)

        done = reconciler("apply", "--auto-approve", *(["--no-cache"] if way == "option" else []))

        assert done.status == 0, done
        assert content.read_bytes() in host.store.blobs.values()
        assert reconciler("plan", "--detailed-exitcode").status == 0
    made = _files(home) | (_files(folder.parent) - before)
    small = ("reconciler/answers/", "reconciler/manifests/", "reconciler/registry.db")
    assert {name for name in made if not name.startswith(small)} == set()
    assert all((home / name).stat().st_size < 1_000_000 for name in _files(home))
    assert not list(home.rglob("downloads"))
