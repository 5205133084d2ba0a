"""A model and its projector: paired by declaration or because there is only one, and told from each other."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.resolution import Pinned
from reconciler.errors import Ambiguous, NotFound, ResolutionError, Unusable
from reconciler.sources import Context, load
from reconciler.sources._hugging_face.choice import choose, paired
from tests.fakes.hf_server import HubServer
from tests.parts.gguf import tiny_model, tiny_projector
from tests.sources.downloads import brought
from tests.sources.gguf_files import LLAMA, gguf
from tests.sources.references import ref
from tests.sources.test_huggingface_files import files

REPO = "org/v-GGUF"
MODEL, EYES = "v-Q4_0.gguf", "mmproj-v-F16.gguf"

PAIRED = {
    "the only one": ((MODEL, EYES), None, EYES),
    "wherever it lies": ((MODEL, f"vision/{EYES}"), None, f"vision/{EYES}"),
    "none there": ((MODEL, "imatrix.gguf"), None, None),
    "one of two": ((MODEL, EYES, "mmproj-v-F32.gguf"), "mmproj-v-F32.gguf", "mmproj-v-F32.gguf"),
    "whatever its name": ((MODEL, "eyes.gguf"), "eyes.gguf", "eyes.gguf"),
    "left out": ((MODEL, EYES), "none", None),
}


@pytest.mark.parametrize(("paths", "wanted", "taken"), PAIRED.values(), ids=PAIRED)
def test_a_projector_is_paired(paths: tuple[str, ...], wanted: str | None, taken: str | None) -> None:
    found = files(*paths)
    projector = paired("o/r", found, choose("o/r", found, MODEL, None), wanted)
    assert (projector.path if projector else None) == taken


UNPAIRED = {
    "two": (
        (MODEL, EYES, "mmproj-v-F32.gguf"), None, Ambiguous,
        ("o/r has 2 projectors: mmproj-v-F16.gguf (F16, 2.0 MB), mmproj-v-F32.gguf (F32, 3.0 MB)"
         " (name one with `mmproj:`, or leave all out with `mmproj: none`)"),
    ),
    "not there": (
        (MODEL, EYES), "mmproj.gguf", NotFound,
        "o/r has no file mmproj.gguf (its projectors: mmproj-v-F16.gguf (F16, 2.0 MB))",
    ),
    "the model itself": ((MODEL,), MODEL, Unusable, "v-Q4_0.gguf is no projector (its projectors: none)"),
    "no GGUF": ((MODEL, "README.md"), "README.md", Unusable, "README.md is no projector (its projectors: none)"),
    "a part": (
        (MODEL, "mmproj-00001-of-00002.gguf"), "mmproj-00001-of-00002.gguf", Unusable,
        ("mmproj-00001-of-00002.gguf is no projector"
         " (its projectors: mmproj-00001-of-00002.gguf (quantisation unknown, 2 parts, 2.0 MB))"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "wanted", "kind", "words"), UNPAIRED.values(), ids=UNPAIRED)
def test_what_cannot_be_paired_says_what_there_is(
    paths: tuple[str, ...], wanted: str | None, kind: type[ResolutionError], words: str
) -> None:
    found = files(*paths)
    with pytest.raises(ResolutionError) as caught:
        paired("o/r", found, choose("o/r", found, MODEL, None), wanted)
    assert (type(caught.value), str(caught.value)) == (kind, words)


@pytest.fixture
def content(tmp_path: Path) -> dict[str, bytes]:
    tiny_model(tmp_path / "m")
    tiny_projector(tmp_path / "p")
    return {MODEL: (tmp_path / "m").read_bytes(), EYES: (tmp_path / "p").read_bytes()}


def resolved(context: Context, **options: str) -> Pinned:
    return load("huggingface", context).resolve(ref("huggingface", repo=REPO, **options))


def test_both_are_pinned_and_brought(hub: HubServer, hub_context: Context, content: dict[str, bytes]) -> None:
    hub.commit(REPO, content)

    pinned = resolved(hub_context)

    assert [(name, blob.digest) for name, blob in pinned.files] == [(n, Digest.of(c)) for n, c in content.items()]
    assert pinned.size == sum(map(len, content.values()))
    assert dict(pinned.provenance)["mmproj"] == EYES
    assert pinned.reference == f"{REPO}@main"
    source = load("huggingface", hub_context)
    assert [brought(source, blob, lambda *_: None).read_bytes() for _, blob in pinned.files] == [*content.values()]


def test_a_model_in_the_place_of_a_projector_is_refused_when_it_is_seen(
    hub: HubServer, hub_context: Context, content: dict[str, bytes]
) -> None:
    hub.commit(REPO, {**content, EYES: content[MODEL]})
    source = load("huggingface", hub_context)
    (_, model), (_, projector) = resolved(hub_context).files
    brought(source, model, lambda *_: None)

    with pytest.raises(Unusable) as caught:
        brought(source, projector, lambda *_: None)
    assert caught.value.message == f"{EYES} is no projector, but a GGUF of the kind model (llama)"


def test_an_adapter_has_no_projector_and_a_name_of_its_own(
    hub: HubServer, hub_context: Context, content: dict[str, bytes]
) -> None:
    hub.commit(REPO, content)
    source, model = load("huggingface", hub_context), ref("huggingface", repo=REPO)
    adapter = replace(model, wanted="adapter")

    pinned = source.resolve(adapter)

    assert [name for name, _ in pinned.files] == [MODEL]
    assert source.key(adapter) == f"{source.key(model)} as adapter"
    assert source.restore(adapter, pinned.pin) == pinned


def test_what_was_locked_before_projectors_were_paired_stays_what_it_was(
    hub: HubServer, hub_context: Context, content: dict[str, bytes]
) -> None:
    hub.commit(REPO, content)
    source, question = load("huggingface", hub_context), ref("huggingface", repo=REPO)
    now = source.resolve(question)
    pin = tuple(item for item in now.pin if item[0] != "mmproj")

    then = source.restore(question, pin)

    assert then.files == now.files[:1]
    assert then.identity != now.identity


@pytest.mark.parametrize("wanted", ["none", "mmproj-other.gguf"])
def test_a_lock_that_has_another_projector_than_the_manifest_names_is_refused(
    hub: HubServer, hub_context: Context, content: dict[str, bytes], wanted: str
) -> None:
    hub.commit(REPO, content)
    pin = resolved(hub_context).pin
    with pytest.raises(Unusable, match=f"has not the projector {wanted}"):
        load("huggingface", hub_context).restore(ref("huggingface", repo=REPO, mmproj=wanted), pin)


LOCAL = {
    "a model": (gguf(*LLAMA), "p.gguf is no projector, but a GGUF of the kind model (llama)"),
    "cut off": (gguf(*LLAMA)[:-1], "p.gguf is truncated"),
    "no GGUF": (b"PK", "p.gguf is truncated"),
}


@pytest.mark.parametrize(("wrong", "words"), LOCAL.values(), ids=LOCAL)
def test_a_local_file_that_is_no_projector_is_refused_each_time(
    context: Context, tmp_path: Path, wrong: bytes, words: str
) -> None:
    (tmp_path / "m.gguf").write_bytes(gguf(*LLAMA))
    (tmp_path / "p.gguf").write_bytes(wrong)
    question = ref("gguf", path=str(tmp_path / "m.gguf"), mmproj=str(tmp_path / "p.gguf"))
    for _ in range(2):
        with pytest.raises(Unusable) as caught:
            load("gguf", context).resolve(question)
        assert words in caught.value.message


def test_a_projector_is_no_model_however_often_it_was_read_as_a_projector(context: Context, tmp_path: Path) -> None:
    path, eyes = tmp_path / "m.gguf", tmp_path / "p.gguf"
    tiny_model(path)
    tiny_projector(eyes)
    pair = load("gguf", context).resolve(ref("gguf", path=str(path), mmproj=str(eyes)))
    assert [name for name, _ in pair.files] == ["m.gguf", "p.gguf"]
    assert pair.reference == "m.gguf with p.gguf"
    with pytest.raises(Unusable, match="is a projector"):
        load("gguf", context).resolve(ref("gguf", path=str(eyes)))


def test_a_way_to_a_projector_is_the_same_wherever_both_are_checked_out(context: Context) -> None:
    keys = {
        load("gguf", context).key(ref("gguf", path=f"/{root}/m/m.gguf", mmproj=f"/{root}/p/p.gguf"))
        for root in ("a", "b/c")
    }
    assert keys == {"/a/m/m.gguf mmproj ../p/p.gguf", "/b/c/m/m.gguf mmproj ../p/p.gguf"}
