"""`init`: what it writes is valid at once, and never stands on what is there."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.manifest.schema import published
from reconciler.manifest.starter import STARTER


def test_what_it_writes_is_valid_at_once_and_next_steps_are_told(reconciler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = reconciler("init")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Wrote manifests/models.yaml and manifests/reconciler.schema.json.\n")
    assert [step for step in ("validate", "plan", "apply") if f"  reconciler {step} " not in done.out] == []
    assert sorted(path.name for path in Path("manifests").iterdir()) == ["models.yaml", "reconciler.schema.json"]
    checked = reconciler("validate", "--format", "json")
    assert (checked.status, json.loads(checked.out)["findings"]) == (0, [])
    Draft202012Validator.check_schema(json.loads(published()))


def test_the_host_in_its_comments_is_valid_too(reconciler, folder):
    host = [line.removeprefix("#").removeprefix(" ") for line in STARTER.partition("# ---\n")[2].splitlines()]
    (folder / "host.yaml").write_text("\n".join(host))
    (folder / "models.yaml").write_text(STARTER)
    assert reconciler("validate").status == 0


def test_another_folder_is_named_in_the_next_steps(reconciler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "  reconciler plan fleet/eu " in reconciler("init", "fleet/eu").out
    assert reconciler("validate", "fleet/eu").status == 0


@pytest.mark.parametrize("there", ["models.yaml", "reconciler.schema.json"])
def test_nothing_that_is_there_is_written_over_and_nothing_is_written_beside_it(reconciler, folder, there):
    (folder / there).symlink_to(folder / "nowhere")
    done = reconciler("init")
    assert (done.status, done.out) == (1, "")
    assert f"manifests/{there}: it is there already, and nothing was written" in done.err
    assert [path.name for path in folder.iterdir()] == [there]


@pytest.mark.parametrize("place", ["file", "file/below", "shut/below", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_an_error_without_a_traceback(reconciler, folder, place):
    (folder / "file").write_text("")
    (folder / "shut").symlink_to("shut")
    done = reconciler("init", folder / place)
    assert (done.status, done.out) == (1, "")
    assert "can't be written" in done.err


def test_a_name_that_a_shell_or_a_terminal_would_take_for_something_else_is_quoted(reconciler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = reconciler("init", "a b\x1b[2J").out
    assert "  reconciler plan 'a b\\x1b[2J' " in told
