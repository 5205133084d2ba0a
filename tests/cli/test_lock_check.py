"""`lock --check`: whether lock and manifests agree, for CI, asking nobody."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.cli.locking import LOCK, far, pulled, spoil
from tests.conftest import REPOSITORY
from tests.fakes.oci_server import OciServer
from tests.manifests import model, tune
from tests.parts.gguf import tiny_model

SCHEMA = json.loads((REPOSITORY / "schemas" / "report.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def names(folder, hub, monkeypatch, reconciler):
    """Declare a model of every source type, lock them, shut the registry down and forget what the hub was asked."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    model(folder, "near")
    with OciServer() as oci:
        found = ["gguf ./near.gguf", far(folder, hub), pulled(folder, oci)]
        assert reconciler("lock").status == 0
    hub.requests.clear()
    return found


def found(result):
    """Return (code, place) of each finding."""
    report = json.loads(result.out)
    Draft202012Validator(SCHEMA).validate(report)
    places = [(item["file"], item.get("line", 0)) for item in report["findings"]]
    return [(item["code"], *place) for item, place in zip(report["findings"], places, strict=True)]


def test_agreement_is_0_and_nobody_is_asked(reconciler, names, hub, host):
    result = reconciler("lock", "--check")
    assert (result.status, result.out) == (0, "Locks and manifests agree: 3 references locked.\n")
    assert json.loads(reconciler("lock", "--check", "--format", "json").out)["findings"] == []
    assert (len(hub.requests), host.seen) == (0, [])


def _no_lock(folder, names):
    (folder / LOCK).unlink()


def _undeclared(folder, names):
    (folder / "far.yaml").unlink()


def _another_file(folder, names):
    tiny_model(folder / "near.gguf", seed=1)


def _no_model(folder, names):
    (folder / "near.gguf").write_bytes(b"GGUF and nothing else")


def _tampered(folder, names):
    spoil(folder, names[2], size=1)


def _no_pin(folder, names):
    spoil(folder, names[1], sha256="x")


def _pinned_otherwise(folder, names):
    text = (folder / "far.yaml").read_text()
    (folder / "far.yaml").write_text(text.replace("Q8_0}", f"Q8_0, sha256: '{'0' * 64}'}}"))


def _new(folder, names):
    model(folder, "new", seed=5)


CASES = {
    "no lock": (
        _no_lock,
        [
            ("not-locked", "manifests/far.yaml", 4),
            ("not-locked", "manifests/near.yaml", 5),
            ("not-locked", "manifests/pulled.yaml", 4),
        ],
    ),
    "not declared any more": (_undeclared, [("not-referred-to", "manifests/reconciler.lock", 10)]),
    "a file that changed": (_another_file, [("lock-contradicted", "manifests/reconciler.lock", 4)]),
    "a file that is no model": (_no_model, [("lock-contradicted", "manifests/reconciler.lock", 4)]),
    "a size changed by hand": (_tampered, [("lock-contradicted", "manifests/reconciler.lock", 16)]),
    "a digest that is none": (_no_pin, [("lock-contradicted", "manifests/reconciler.lock", 10)]),
    "a manifest that pins something else": (
        _pinned_otherwise,
        [("lock-contradicted", "manifests/reconciler.lock", 10)],
    ),
    "a new model": (_new, [("not-locked", "manifests/new.yaml", 5)]),
}


@pytest.mark.parametrize("title", CASES)
def test_disagreement_is_2_with_every_place(reconciler, folder, names, hub, title):
    change, expected = CASES[title]
    change(folder, names)
    result = reconciler("lock", "--check", "--format", "json")
    assert (result.status, result.err) == (2, "")
    assert found(result) == expected
    assert all(item["hint"] for item in json.loads(result.out)["findings"])
    assert len(hub.requests) == 0


def test_all_of_it_comes_at_once_and_changes_nothing(reconciler, folder, names):
    for change in (_undeclared, _another_file, _tampered, _new):
        change(folder, names)
    before = (folder / LOCK).read_bytes()
    result = reconciler("lock", "--check")
    assert (result.status, result.err) == (2, "")
    assert result.out.endswith("4 errors\n")
    assert "manifests/new.yaml:5:18: error: gguf ./new.gguf is not in manifests/reconciler.lock\n" in result.out
    assert (folder / LOCK).read_bytes() == before


def test_what_two_models_lack_is_told_once(reconciler, folder, names):
    tiny_model(folder / "lora.gguf", seed=7)
    for name in ("a", "b"):
        tune(folder, name, "near", "adapter: {gguf: ./lora.gguf}")
    assert found(reconciler("lock", "--check", "--format", "json")) == [("not-locked", "manifests/a.yaml", 6)]


@pytest.mark.parametrize("words", [["lock"], ["lock", "--check"], ["plan"], ["status"], ["apply", "--auto-approve"]])
def test_a_lock_that_cannot_be_read_is_1_for_every_command(reconciler, folder, names, host, words):
    (folder / LOCK).write_text("<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    result = reconciler(*words, "--format", "json")
    assert result.status == 1
    assert found(result) == [("lock-syntax", "manifests/reconciler.lock", 1)]
    assert "git left a merge conflict" in result.err
    assert not host.calls("create", "pull")
