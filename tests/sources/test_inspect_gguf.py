"""Files and folders on this machine: what can't be looked at, and what only looks like a model."""

from pathlib import Path

import pytest

from reconciler.core.compatibility import judge
from reconciler.core.found import Format
from reconciler.errors import NotFound, Unusable
from reconciler.sources import Context, inspect
from tests.parts.gguf import in_parts, tiny_model
from tests.sources.gguf_files import LLAMA, gguf, text

MODEL = gguf(*LLAMA)


def test_a_blob_of_a_host_has_no_suffix_and_is_known_by_its_content(context: Context, tmp_path: Path) -> None:
    blob = tmp_path / "sha256-aa"
    blob.write_bytes(MODEL)
    found = inspect("gguf", context, str(blob))
    assert (found.format, found.architecture, found.chosen is not None) == (Format.GGUF, "llama", True)


def test_what_is_no_gguf_is_not_called_one(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"PK\3\4")
    found = inspect("gguf", context, str(path))
    assert (found.format, found.trouble[0]) == (Format.NONE, "m.gguf is not a GGUF file")


def test_a_path_to_nothing_and_a_path_that_is_no_file_are_refused(context: Context, tmp_path: Path) -> None:
    for path in (tmp_path / "none.gguf", Path("/dev/null")):
        with pytest.raises(NotFound, match="there is no file or folder"):
            inspect("gguf", context, str(path))


def test_a_name_that_is_too_long_is_refused(context: Context, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="can't be read"):
        inspect("gguf", context, str(tmp_path / ("x" * 1000)))


def test_a_folder_of_too_many_files_is_refused(context: Context, tmp_path: Path) -> None:
    for number in range(10_001):
        (tmp_path / str(number)).touch()
    with pytest.raises(Unusable, match="holds more than 10000 files"):
        inspect("gguf", context, str(tmp_path))


def test_folders_inside_are_not_looked_into(context: Context, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "m.gguf").write_bytes(MODEL)
    assert inspect("gguf", context, str(tmp_path)).format is Format.NONE


def test_a_split_model_is_known_by_its_names(context: Context, tmp_path: Path) -> None:
    tiny_model(tmp_path / "m-Q8_0.gguf")
    whole = inspect("gguf", context, str(tmp_path / "m-Q8_0.gguf"))
    parts = in_parts(tmp_path / "m-Q8_0.gguf", 5)
    (tmp_path / "m-Q8_0.gguf").unlink()
    for asked in (tmp_path, parts[1]):
        found = inspect("gguf", context, str(asked))
        assert [(item.parts, item.size) for item in found.variants] == [(3, sum(map(_size, parts)))]
        assert (found.parameters, judge(found).good) == (whole.parameters, True)
    parts[2].unlink()
    assert "00003-of-00003.gguf is missing" in judge(inspect("gguf", context, str(parts[0]))).message


def _size(path: Path) -> int:
    return path.stat().st_size


def test_an_adapter_needs_neither_tokenizer_nor_template(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "lora.gguf"
    path.write_bytes(gguf(LLAMA[0], text("general.type", "adapter"), text("general.base_model.0.name", "SmolLM2")))
    found = inspect("gguf", context, str(path))
    assert (found.tokenizer, found.chat_template, found.trained_on) == (True, True, "SmolLM2")
    assert "(trained on SmolLM2)" in judge(found).message
