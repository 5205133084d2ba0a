"""A file is replaced whole; what is no file is written into, and never becomes one."""

import os
import stat

import pytest

from reconciler.cli.replacing import replace_file
from reconciler.manifest import files

BOTH = pytest.mark.parametrize("replace", [files.replace, replace_file], ids=["files.replace", "replace_file"])


@BOTH
def test_a_pipe_stays_a_pipe(tmp_path, replace):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace(pipe, "text")
    assert os.read(reader, 100) == b"text"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    os.close(reader)


@BOTH
def test_a_link_stays_a_link_and_what_it_leads_to_is_replaced(tmp_path, replace):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    link.symlink_to(file)
    replace(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


@BOTH
def test_a_folder_is_no_place_for_it(tmp_path, replace):
    with pytest.raises(IsADirectoryError):
        replace(tmp_path, "text")
    assert list(tmp_path.iterdir()) == []
