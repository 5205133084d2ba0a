"""The cache: what was kept comes back, and whatever is wrong with it is the same as nothing kept."""

from pathlib import Path

import pytest

from reconciler.core.facts import Fact
from reconciler.sources import FileCache


@pytest.mark.parametrize("value", ["", "text ü", 3, 0.5, True, None, (), (("a", 1), ("b", (None, "c")))])
def test_what_was_kept_comes_back(tmp_path: Path, value: Fact) -> None:
    FileCache(tmp_path / "new" / "folder").put("a key", value)

    assert FileCache(tmp_path / "new" / "folder").get("a key") == value


def test_each_key_has_its_own_value_and_the_last_one_counts(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    for key, value in (("a", 1), ("b", 2), ("a", 3)):
        cache.put(key, value)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (3, 2, None)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"value": 1}', b'{"key": "other", "value": 1}', b"\xff", b"[" * 9999]
)
def test_a_spoilt_file_is_a_miss_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    cache = FileCache(tmp_path)
    cache.put("a", 1)
    [file] = tmp_path.iterdir()
    file.write_bytes(content)

    assert cache.get("a") is None
    cache.put("a", 2)
    assert cache.get("a") == 2


def test_a_folder_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = FileCache(tmp_path / "file" / "folder")

    cache.put("a", 1)

    assert cache.get("a") is None


def test_a_value_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    cache.put("a", 1)
    [file] = tmp_path.iterdir()
    file.unlink()
    file.mkdir()
    (file / "in the way").write_text("")

    cache.put("a", 2)

    assert [path.name for path in tmp_path.iterdir()] == [file.name]
