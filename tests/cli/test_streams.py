"""Standard streams that are closed, full, or left by their reader: one clear line at the most, never a traceback."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from tests.manifests import model


@pytest.fixture
def shell(folder, host):
    """Return a function that runs a command of ours in a real shell, with the redirections that are in it."""

    def run(words):
        command = f"{shlex.quote(sys.executable)} -W error -m reconciler {words}"
        path = os.pathsep.join(filter(None, sys.path))
        return subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False
        )

    model(folder)
    return run


@pytest.mark.parametrize("words", ["schema", "plan", "validate", "status", "registry list", "--version"])
def test_a_disk_that_is_full_is_one_line_and_an_error(shell, words):
    result = shell(f"{words} >/dev/full")
    assert (result.returncode, result.stderr) == (
        1,
        "error: the result can't be written: No space left on device\n",
    )


@pytest.mark.parametrize(("words", "event"), [("plan", "command_failed"), ("apply --auto-approve", "run_finished")])
def test_a_disk_that_is_full_is_one_line_of_json_where_that_is_asked_for(shell, words, event):
    result = shell(f"--log-format json {words} >/dev/full")
    line = json.loads(result.stderr)
    assert (result.returncode, line["event"], line["exit_code"]) == (1, event, 1)
    assert line["error"] == "the result can't be written: No space left on device"


def test_nothing_is_applied_where_the_plan_cannot_be_shown(shell, host):
    assert shell("apply --auto-approve >/dev/full").returncode == 1
    assert not host.calls("create", "copy")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["plan", "apply --auto-approve"])
def test_a_caller_may_close_the_streams(shell, words, closed):
    result = shell(f"{words} {closed}")
    assert (result.returncode, "Traceback" in result.stderr) == (0, False)
    assert shell(f"registry list {closed}").returncode == 0


def test_nobody_to_ask_is_a_no_even_where_stdin_is_closed(shell):
    result = shell("apply <&-")
    assert (result.returncode, "no terminal" in result.stderr) == (1, True)


def test_a_reader_that_leaves_is_no_news():
    reads, writes = os.pipe()
    os.close(reads)
    path = os.pathsep.join(filter(None, sys.path))
    result = subprocess.run(
        [sys.executable, "-m", "reconciler", "schema"],
        stdout=writes,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    os.close(writes)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.parametrize(("words", "status"), [(["--version"], 0), (["validate", "no"], 1), (["a"], 64)])
def test_a_process_ends_as_soon_as_all_is_written(words, status):
    code = "import atexit; atexit.register(print, 'taken apart'); from reconciler.__main__ import process; process()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, *words]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (result.returncode, "taken apart" in result.stdout) == (status, False)
    assert result.stdout or result.stderr
