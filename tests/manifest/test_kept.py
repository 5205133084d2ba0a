"""What was read before is what would be read now: in every case, and after every change."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifest.folder import Folder
from reconciler.manifest.load import Loaded
from tests.manifest.keeping import known, manifest, said

ROOT = Path(__file__).parents[2]
HERE = [file for top in ("tests", "manifests") for file in sorted((ROOT / top).rglob("*.y*ml"))]
PLACES = sorted({*HERE, *(file.parent for file in HERE)})


def test_what_is_read_twice_is_the_same_for_every_manifest_that_there_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    sound = 0
    for place in PLACES:
        paths = [place.relative_to(ROOT)]
        plain = said(paths, None)
        assert [said(paths, tmp_path) for _ in range(3)] == [plain] * 3
        sound += isinstance(plain, Loaded)
    assert sound > 20
    assert len(list((tmp_path / "manifests").iterdir())) >= sound


def _relink(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def _out(home: Path, name: str) -> None:
    (home / name).replace(home.parent / name)
    (home / name).symlink_to(f"../{name}")


def _moved(home: Path) -> None:
    shutil.copytree(home, home.parent / "second", symlinks=True)
    home.rename(home.parent / "first")
    home.symlink_to("second")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a manifest says something else": lambda home: (home / "files.yaml").write_text(manifest("b")),
    "a manifest is not valid any more": lambda home: (home / "files.yaml").write_text("kind: Model\n"),
    "a manifest is not ignored any more": lambda home: (home / "ignored.yaml").write_text("what: ever\n"),
    "a manifest is gone": lambda home: (home / "files.yaml").unlink(),
    "a manifest is new": lambda home: (home / "new.yaml").write_text(manifest("new")),
    "a manifest is a second time there": lambda home: shutil.copy(home / "files.yaml", home / "more.yaml"),
    "a manifest is a link that leads out": lambda home: _out(home, "host.yaml"),
    "a file is gone": lambda home: (home / "a.gguf").unlink(),
    "a file leads out": lambda home: _relink(home / "a.gguf", "../outside"),
    "a file leads elsewhere inside": lambda home: _relink(home / "a.gguf", "t.tmpl"),
    "a file is a folder": lambda home: [(home / "a.gguf").unlink(), (home / "a.gguf").mkdir()],
    "a folder leads elsewhere inside": lambda home: _relink(home / "link", "other"),
    "a folder leads out": lambda home: _relink(home / "link", ".."),
    "a folder is a file": lambda home: _relink(home / "link", "a.gguf"),
    "a template says something else": lambda home: (home / "t.tmpl").write_text("other"),
    "a template is empty": lambda home: (home / "t.tmpl").write_text(""),
    "a template is no text": lambda home: (home / "t.tmpl").write_bytes(b"\xff"),
    "a template is gone": lambda home: (home / "t.tmpl").unlink(),
    "a certificate is gone": lambda home: (home / "ca.pem").unlink(),
    "an example says something else": lambda home: (home / "e1.jsonl").write_text('{"user": "a", "assistant": "c"}'),
    "an example is broken": lambda home: (home / "e1.jsonl").write_text("{"),
    "an example is new": lambda home: (home / "e2.jsonl").write_text('{"user": "c", "assistant": "d"}'),
    "there are no examples": lambda home: (home / "e1.jsonl").unlink(),
    "the folder is another one": _moved,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen(folder: Path, change: Callable[[Path], object]) -> None:
    cache = folder.parent / "cache"
    before = said([folder], cache)
    change(folder)
    now = said([folder], None)
    assert [said([folder], cache) for _ in range(2)] == [now, now]
    assert now != before


def test_a_file_that_is_named_and_holds_something_else_is_the_same_manifest(folder: Path) -> None:
    (folder / "a.gguf").write_text("something else")
    (folder / "weights" / "model.safetensors").unlink()
    assert known([folder], folder.parent / "cache")


def test_what_had_no_answer_is_never_the_same_again(tmp_path: Path) -> None:
    asked = Folder(str(tmp_path.resolve()))
    (tmp_path / "a").write_text("")
    asked.file("a")
    assert asked.answers_again(asked.asked.items())
    with pytest.raises(ValueError, match="no file"):
        asked.file("b")
    assert not asked.answers_again(asked.asked.items())
    (tmp_path / "b").write_text("")
    assert not asked.answers_again(asked.asked.items())


def test_beside_what_is_wrong_the_rest_is_known_and_nothing_is_written_twice(folder: Path) -> None:
    cache = folder.parent / "cache"
    (folder / "wrong.yaml").write_text("kind: Model\n")
    first = said([folder], cache)
    (file,) = (cache / "manifests").iterdir()
    times, sheets = file.stat().st_mtime_ns, json.loads(file.read_bytes().partition(b"\n")[2])["files"]
    assert set(sheets) == {str(path) for path in folder.glob("*.yaml")} - {str(folder / "wrong.yaml")}
    assert said([folder], cache) == first == said([folder], None)
    assert file.stat().st_mtime_ns == times
    (folder / "wrong.yaml").unlink()
    assert said([folder], cache) == said([folder], None)
    assert known([folder], cache)


def test_other_words_for_a_folder_are_another_question(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    cache = folder.parent / "cache"
    assert said([Path()], cache) == said([Path()], None) != said([folder], cache)
    assert said([folder / "files.yaml"], cache) == said([folder / "files.yaml"], None)
    assert len(list((cache / "manifests").iterdir())) == 4
