"""`import`: streams, files and exit codes; what each form becomes is in tests/manifest/foreign."""

import os
import subprocess
import sys

import pytest

from tests.commands import Result
from tests.parts.gguf import tiny_model

LIST = b"NAME    ID    SIZE    MODIFIED\nllama3.2:1b    baf6a787fdff    1.3 GB    2 days ago\n???\n"


@pytest.fixture
def piped(folder):
    """Return a function that runs an import in a process of its own, with bytes at its standard input."""

    def run(content, *words):
        command = [sys.executable, "-m", "reconciler", "import", *map(str, words)]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, input=content, capture_output=True, env=environ, check=False)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def test_the_manifest_is_on_stdout_and_what_is_left_out_on_stderr_with_its_line(reconciler, folder, piped):
    done = piped(LIST, "--from", "ollama-list", "-")
    assert done.status == 0
    assert "stdin:3:1: warning: this is no row of the table" in done.err
    assert "# Not converted: stdin:3:1: this is no row" in done.out
    (folder / "models.yaml").write_text(done.out)
    assert reconciler("validate").status == 0


def test_out_never_writes_over_what_is_there(reconciler, folder, piped):
    for status in (0, 1):
        done = piped(LIST, "--from", "ollama-list", "-", "--out", folder / "new" / "models.yaml")
        assert done.status == status
    assert "it is there already" in done.err
    assert reconciler("validate").status == 0


def test_files_beside_a_modelfile_are_found_from_where_the_manifest_is(reconciler, folder):
    (folder / "models").mkdir()
    tiny_model(folder / "models" / "m.gguf")
    (folder / "models" / "Modelfile").write_text("FROM ./m.gguf\nADAPTER ../lora.gguf\nSYSTEM Hi\n")
    (folder / "models" / "Two").write_text("FROM ./m.gguf\nSYSTEM Hi\n")
    command = ("import", "--from", "modelfile", "--name", "bot")
    done = reconciler(*command, folder / "models" / "Two", "--out", folder / "bot.yaml")
    assert (done.status, done.err) == (0, "")
    assert "gguf: ./models/m.gguf" in (folder / "bot.yaml").read_text()
    assert reconciler("validate").status == 0
    left = reconciler(*command, folder / "models" / "Modelfile")
    assert left.status == 1
    assert "there is no file './lora.gguf'" in left.err
    assert "there is no model in it" in left.err


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--from", "helm", "nowhere.yaml"], 1),
        (["--from", "helm", "."], 1),
        (["--from", "nix", "empty"], 1),
        (["--from", "nix", "binary"], 1),
        (["--from", "modelfile", "empty"], 64),
        (["--from", "helm", "--name", "x", "empty"], 64),
        (["--from", "toml", "empty"], 64),
        (["empty"], 64),
    ],
)
def test_what_cannot_be_is_told(reconciler, tmp_path, monkeypatch, words, status):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    done = reconciler("import", *words)
    assert (done.status, done.out) == (status, "")
    assert done.err
    assert "Traceback" not in done.err


def test_too_much_on_standard_input_is_refused(piped):
    done = piped(b" " * (4 * 1024**2 + 1), "--from", "nix", "-")
    assert (done.status, "larger than 4 MiB" in done.err) == (1, True)
