"""Split GGUFs on a real server: merged here into the very file that was split, and seen by the server as that."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from tests.e2e.test_formats import declare
from tests.e2e.yard import Yard
from tests.fakes.hf_server import HubServer
from tests.parts.gguf import in_parts, tiny_model, tiny_projector

pytestmark = [pytest.mark.ollama]


@pytest.fixture
def parts(yard: Yard) -> list[Path]:
    """Split a model of this test's own beside the manifests, and leave the whole file out of them."""
    whole = yard.folder / "m-F16.gguf"
    tiny_model(whole, seed=sum(yard.prefix.encode()))
    made = in_parts(whole, 4)
    whole.rename(yard.folder.parent / whole.name)
    return made


def whole_digest(yard: Yard) -> Digest:
    return Digest.of((yard.folder.parent / "m-F16.gguf").read_bytes())


def sources(yard: Yard, parts: list[Path], hub: HubServer) -> dict[str, object]:
    hub.commit("org/split-GGUF", {f"F16/{part.name}": part for part in parts})
    repo = {"repo": "org/split-GGUF"}
    return {
        "here": {"gguf": f"./{parts[2].name}"},
        "quantisation": {"huggingface": {**repo, "quantization": "F16"}},
        "policy": {"huggingface": {**repo, "quantization": {"prefer": ["F16"], "maxSize": "1GB"}}},
        "file": {"huggingface": {**repo, "file": f"F16/{parts[1].name}"}},
        "only": {"huggingface": repo},
    }


def test_parts_become_the_file_that_was_split_wherever_they_come_from(
    yard: Yard, parts: list[Path], huggingface: HubServer
) -> None:
    for word, source in sources(yard, parts, huggingface).items():
        declare(yard, word, source)

    yard.apply()

    for word in sources(yard, parts, huggingface):
        assert whole_digest(yard).hex in yard.hands.show(yard.name(word))["modelfile"], word
    assert yard.plan() == {}
    assert all(part.is_file() for part in parts)


def test_only_what_no_host_has_is_moved_once_more(yard: Yard, parts: list[Path], huggingface: HubServer) -> None:
    source = sources(yard, parts, huggingface)["only"]
    declare(yard, "m", source)
    first = json.loads(yard.reconciler("plan", "--format", "json").out)
    assert first["transfer"] == sum(part.stat().st_size for part in parts)
    yard.apply()
    huggingface.requests.clear()

    declare(yard, "m", source, "  parameters: {num_ctx: 128}\n")
    told = json.loads(yard.reconciler("plan", "--format", "json").out)
    assert told["transfer"] == 0
    [done] = yard.apply().values()

    assert (done["status"], done["moved"]) == ("applied", 0)
    assert not [request for request in huggingface.requests if request.server == "cdn"]


def test_a_model_in_parts_sees_through_its_projector(yard: Yard, parts: list[Path]) -> None:
    tiny_projector(yard.folder / "eyes.gguf")
    declare(yard, "v", {"gguf": {"path": f"./{parts[0].name}", "mmproj": "./eyes.gguf"}})

    yard.apply()

    shown = yard.hands.show(yard.name("v"))
    assert "vision" in shown["capabilities"]
    assert whole_digest(yard).hex in shown["modelfile"]
    assert yard.plan() == {}


def test_a_registry_that_knows_nothing_recognises_what_was_merged_on_this_machine(
    yard: Yard, parts: list[Path], monkeypatch, tmp_path
) -> None:
    declare(yard, "m", {"gguf": f"./{parts[0].name}"})
    yard.apply()

    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite:///{tmp_path}/other.db")

    assert yard.plan() == {"m": ("adopt", ["already_present"])}


def test_records_spare_a_machine_without_a_cache_what_the_host_has(
    yard: Yard, parts: list[Path], huggingface: HubServer, monkeypatch, tmp_path
) -> None:
    source = sources(yard, parts, huggingface)["only"]
    declare(yard, "m", source)
    yard.apply()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    declare(yard, "m", source, "  parameters: {num_ctx: 256}\n")

    [done] = yard.apply().values()
    assert (done["status"], done["moved"]) == ("applied", 0)


def test_a_modelfile_says_what_to_merge(yard: Yard, parts: list[Path]) -> None:
    declare(yard, "m", {"gguf": f"./{parts[0].name}"})

    lines = yard.reconciler("export", "--modelfile", yard.name("m")).out.splitlines()

    assert lines[0].endswith("merged from these with `llama-gguf-split --merge`:")
    assert lines[1:4] == [f"#   {part}, {Digest.of(part.read_bytes())}" for part in parts]
    assert lines[4] == "FROM ./m-F16.gguf"


def cut(parts: list[Path]) -> None:
    parts[2].write_bytes(parts[2].read_bytes()[:-32])


def of_another_set(parts: list[Path]) -> None:
    other = parts[0].parent / "other.gguf"
    tiny_model(other, seed=1)
    in_parts(other, 5)[2].replace(parts[2])


def numbered_otherwise(parts: list[Path]) -> None:
    parts[2].write_bytes(parts[1].read_bytes())


BROKEN = {
    "cut off": (cut, "is truncated"),
    "of another set": (of_another_set, "tensors together, and should have 12"),
    "numbered otherwise": (numbered_otherwise, "is to be part 3 of 3, and is part 2 of 3"),
    "missing": (lambda parts: parts[2].unlink(), "m-F16-00003-of-00003.gguf is not beside it"),
}


@pytest.mark.parametrize(("spoil", "words"), BROKEN.values(), ids=BROKEN)
def test_a_server_takes_parts_that_are_refused_here(
    yard: Yard, parts: list[Path], spoil: Callable[[list[Path]], object], words: str
) -> None:
    spoil(parts)
    files = {part.name: str(Digest.of(part.read_bytes())) for part in parts if part.exists()}
    for name, digest in files.items():
        yard.hands.upload(yard.folder / name, digest)
    yard.hands.create(yard.name("broken"), files=files)
    assert yard.name("broken") + ":latest" in yard.hands.listed()

    declare(yard, "m", {"gguf": f"./{parts[1].name}"})

    told = yard.reconciler("plan")
    assert told.status == 1
    assert words in " ".join(told.out.split())
