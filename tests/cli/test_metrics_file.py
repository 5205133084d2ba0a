"""`--metrics-file`: written as a whole at the end of every run, however it ends."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.cli.replacing import replace_file
from tests.cli.watched import until
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, write


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "metrics" / "reconciler.prom"
    made.parent.mkdir()
    return made


def told(file):
    """Return each sample by its name with its labels, and its value."""
    families = text_string_to_metric_families(file.read_text())
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name.removeprefix("reconciler_"), *sample.labels.values()): sample.value for sample in samples}


def test_a_run_leaves_its_metrics_for_others_to_read(reconciler, folder, host, file):
    model(folder)
    assert reconciler("apply", "--auto-approve", "--metrics-file", file).status == 0
    found = told(file)
    assert found["models", "default", "in_sync"] == found["model_in_sync", "default", "tiny:latest"] == 1
    assert found["last_run_changes", "create", "applied"] == found["host_up", "default"] == found["plan_complete",] == 1
    assert found["last_run_exit_code",] == 0
    assert found["last_run_moved_bytes",] > 0
    assert found["last_run_timestamp_seconds",] == found["last_success_timestamp_seconds",] > 1.7e9
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert list(file.parent.iterdir()) == [file]


def test_a_status_leaves_what_it_found(reconciler, folder, host, file):
    model(folder)
    assert reconciler("status", "--metrics-file", file, "--detailed-exitcode").status == 2
    found = told(file)
    assert (found["models", "default", "missing"], found["model_in_sync", "default", "tiny:latest"]) == (1, 0)
    assert found["last_run_timestamp_seconds",] == found["last_success_timestamp_seconds",]


def test_a_run_that_fails_says_so_and_keeps_the_last_success(reconciler, folder, host, file):
    model(folder)
    reconciler("apply", "--auto-approve", "--metrics-file", file)
    success = told(file)["last_success_timestamp_seconds",]
    model(folder, "bad", seed=1)
    host.fail("create", error="disk trouble")
    assert reconciler("apply", "--auto-approve", "--metrics-file", file).status == 1
    found = told(file)
    assert (found["last_run_exit_code",], found["last_success_timestamp_seconds",]) == (1, success)
    assert (found["models", "default", "failed"], found["models", "default", "in_sync"]) == (1, 1)
    assert found["last_run_timestamp_seconds",] > success


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("kind: Policy\nmetadata: {name: default}\nspec: {limits: {downloadBytes: 1KiB}}", 3),
        ("kind: Model\nmetadata: {name: x}\nspec: {sauce: {}}", 1),
    ],
    ids=["unsafe", "broken"],
)
def test_a_run_that_came_to_nothing_is_told_too(reconciler, folder, host, file, text, status):
    file.write_text("reconciler_last_success_timestamp_seconds 1.5e+09\n")
    model(folder)
    write(folder, "bad", text)
    assert reconciler("apply", "--auto-approve", "--metrics-file", file).status == status
    assert (told(file)["last_run_exit_code",], told(file)["last_success_timestamp_seconds",]) == (status, 1.5e9)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("command", ["apply --auto-approve", "status"])
def test_a_signal_while_the_plan_is_made_is_told_too(folder, host, file, command, number, status):
    model(folder)
    host.fail("tags", stall=600)
    words = [sys.executable, "-m", "reconciler", *command.split(), "--metrics-file", str(file)]
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}) as process:
        until(lambda: host.calls("tags"))
        process.send_signal(number)
        assert process.wait(timeout=30) == status  # the host would keep it for ten minutes
    assert told(file)["last_run_exit_code",] == status


def test_a_host_that_is_silent_is_down_and_the_plan_incomplete(reconciler, folder, file):
    with FakeOllama() as dead:
        declare_host(folder, "dead", dead.url)
    model(folder)
    assert reconciler("apply", "--auto-approve", "--metrics-file", file).status == 1
    assert (told(file)["host_up", "dead"], told(file)["plan_complete",]) == (0, 0)


def test_a_folder_that_is_not_there_is_said_before_anything_is_done(reconciler, folder, host, tmp_path):
    model(folder)
    result = reconciler("apply", "--auto-approve", "--metrics-file", tmp_path / "no" / "such.prom")
    assert (result.status, "no such folder" in result.err, host.calls()) == (1, True, [])
    assert reconciler("apply", "--auto-approve", "--metrics-file", tmp_path).status == 1
    assert host.calls() == []


def test_metrics_that_cannot_be_written_fail_no_run(reconciler, folder, host, file):
    model(folder)
    path = file.with_name("x" * 250)  # no room for the name that it has while it is written
    result = reconciler("--log-format", "json", "apply", "--auto-approve", "--metrics-file", path)
    assert result.status == 0
    (line,) = [line for line in map(json.loads, result.err.splitlines()) if line["event"] == "metrics_not_written"]
    assert line["error"] == "File name too long"
    assert list(file.parent.iterdir()) == []


def test_a_link_stays_one(reconciler, folder, host, file, tmp_path):
    model(folder)
    (tmp_path / "link.prom").symlink_to(file)
    assert reconciler("apply", "--auto-approve", "--metrics-file", tmp_path / "link.prom").status == 0
    assert (tmp_path / "link.prom").is_symlink()
    assert told(file)


def test_a_file_that_cannot_take_its_name_leaves_nothing_behind(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "there", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "there"]
