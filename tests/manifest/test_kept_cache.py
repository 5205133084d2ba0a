"""Whatever became of the cache, what is read is what would be read without it."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.manifest.keeping import known, manifest, said


def test_only_the_user_can_read_what_is_kept(folder: Path) -> None:
    (file,) = (folder.parent / "cache" / "manifests").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda text: text[:-1],
    "longer": lambda text: text + b"x",
    "of another version": lambda text: b"0" * 64 + text[64:],
    "no JSON": lambda _: b"{",
    "a list": lambda _: b"[]",
    "without files": lambda _: b'{"doubts": []}',
    "with files of another sort": lambda _: b'{"files": [1], "doubts": []}',
    "with doubts of another sort": lambda _: b'{"files": {}, "doubts": [1]}',
    "nested without end": lambda _: b'{"files": ' + b"[" * 200_000,
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("signed", [False, True], ids=["damaged", "as if we had written it"])
def test_what_is_spoilt_is_as_good_as_nothing(folder: Path, spoil: Callable[[bytes], bytes], signed: bool) -> None:
    cache = folder.parent / "cache"
    (file,) = (cache / "manifests").iterdir()
    good, plain = file.read_bytes(), said([folder], None)
    body = spoil(good.partition(b"\n")[2] if signed else good)
    file.write_bytes(_signed(good, body) if signed else body)
    assert said([folder], cache) == plain
    assert file.read_bytes() == good


@pytest.mark.parametrize("sheet", [None, [], [1, 2, 3], {}, "text", ["", [], [["Host"]]]])
def test_a_sheet_of_another_sort_is_as_good_as_none(folder: Path, sheet: object) -> None:
    cache = folder.parent / "cache"
    (file,) = (cache / "manifests").iterdir()
    good, plain = file.read_bytes(), said([folder], None)
    held = json.loads(good.partition(b"\n")[2])
    for name in held["files"]:
        same = isinstance(sheet, list) and sheet[:1] == [""]
        held["files"][name] = [held["files"][name][0], *sheet[1:]] if same else sheet
    file.write_bytes(_signed(good, json.dumps(held).encode()))
    assert said([folder], cache) == plain


def _signed(good: bytes, body: bytes) -> bytes:
    return good[:65] + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_bit_that_fell_over_makes_no_other_model(folder: Path, place: float, bit: int) -> None:
    cache = folder.parent / "cache"
    (file,) = (cache / "manifests").iterdir()
    good = file.read_bytes()
    at = int(place * len(good))
    file.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
    assert said([folder], cache) == said([folder], None)
    file.write_bytes(good)


def test_a_cache_that_cannot_be_had_is_no_error(folder: Path, tmp_path: Path) -> None:
    plain = said([folder], None)
    (tmp_path / "file").write_text("")
    for cache in (tmp_path / "file", tmp_path / "file" / "below", Path("/dev/full"), Path("/proc")):
        assert [said([folder], cache) for _ in range(2)] == [plain, plain]
    cache = folder.parent / "cache"
    (file,) = (cache / "manifests").iterdir()
    for make in (os.mkfifo, Path.mkdir):
        file.unlink()
        make(file)
        assert said([folder], cache) == plain
    assert file.is_dir()
    assert len(list((cache / "manifests").iterdir())) == 1


def test_without_a_folder_to_be_in_nothing_is_kept(folder: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert said([folder], tmp_path / "new") == said([folder], None)
    assert not (tmp_path / "new").exists()


def test_what_is_too_much_is_not_kept(tmp_path: Path) -> None:
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    (home / "t.tmpl").write_text("x" * 4_000_000)
    for number in range(9):
        (home / f"{number}.yaml").write_text(manifest(f"m{number}", "{source: {ollama: a}, templateFile: t.tmpl}"))
    assert said([home], cache) == said([home], None)
    assert not cache.exists()
    (home / "8.yaml").rename(tmp_path / "8.yaml")
    said([home], cache)
    assert known([home], cache)
    (tmp_path / "8.yaml").rename(home / "8.yaml")  # the others are known, and all together are too much again
    assert said([home], cache) == said([home], None)
    assert not known([home], cache)


def test_the_oldest_go_when_all_that_is_kept_is_too_much(folder: Path) -> None:
    place = folder.parent / "cache" / "manifests"
    for number in range(4):
        with (place / f"{number}").open("wb") as file:
            file.truncate(100 << 20)  # bytes, and not one block on the disk
        os.utime(place / f"{number}", (number, number))
    said([folder / "files.yaml"], folder.parent / "cache")
    assert {path.name for path in place.iterdir() if len(path.name) == 1} == {"2", "3"}
    assert known([folder], folder.parent / "cache")
