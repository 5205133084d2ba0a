"""Manifests that were found valid are told to be so again, as long as not a byte of them, nor a link, is different."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests import tune, write
from tests.recall.memories import SAME

REPOSITORY = Path(__file__).resolve().parents[2]
MAIN = f"""
import atexit, sys
sys.path.insert(0, {str(REPOSITORY)!r})
atexit.register(lambda: print("loaded:", *sys.modules, file=sys.stderr))
from reconciler.__main__ import main
main()
"""


def validate(folder: Path, *words: str) -> tuple[str, str, bool]:
    """Return what a process says, and whether the command line had a part in it."""
    line = [sys.executable, "-c", MAIN, "validate", *words, folder.name]
    environ = {**os.environ, "PYTEST_CURRENT_TEST": SAME}
    done = subprocess.run(line, cwd=folder.parent, env=environ, capture_output=True, text=True, check=False)
    told, _, loaded = done.stderr.rpartition("loaded:")
    return done.stdout, told, "click" in loaded.split()


@pytest.fixture
def valid(folder: Path) -> Path:
    """Return a folder that was found valid, with a link in it; a file that is told by its times would be too young."""
    write(folder, "small", "kind: Model\nmetadata: {name: small}\nspec: {source: {ollama: a}}\n")
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "any.lock").touch()
    (folder / "now").symlink_to("one")
    write(folder, "linked", "kind: Model\nmetadata: {name: linked}\nspec: {source: {safetensors: now}}\n")
    assert validate(folder) == ("Valid: 2 models for 1 host.\n", "", True)
    return folder


@pytest.mark.parametrize("words", [(), ("--format", "json"), ("--format", "sarif")])
def test_what_is_valid_is_told_again_without_the_command_line(valid: Path, words: tuple[str, ...]) -> None:
    first, *_ = validate(valid, *words)
    assert validate(valid, *words) == (first, "", False)


def test_what_is_doubtful_or_wrong_is_judged_each_time(valid: Path) -> None:
    tune(valid, "bot", "nothing-here")
    doubtful = validate(valid)
    assert "nothing-here" in doubtful[1]
    assert validate(valid) == doubtful
    (valid / "bot.yaml").write_text("kind: Model\n")
    wrong = validate(valid)
    assert wrong[0] == ""
    assert validate(valid) == wrong


def test_a_link_that_leads_elsewhere_is_seen(valid: Path) -> None:
    assert not validate(valid)[2]
    for target in ("two", "..", "nowhere"):
        (valid / "now").unlink()
        (valid / "now").symlink_to(target)
        assert validate(valid)[2]
