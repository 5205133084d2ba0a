"""A plan that found everything in sync is told again without being made again, if nothing that it read has moved."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.recall.asking import PATIENCE, WIDTH, ask_again
from reconciler.recall.exchange import Question
from tests.fakes._ollama_store import full_name
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import model, tune
from tests.parts.gguf import tiny_model
from tests.recall.memories import memories, recalled

REPOSITORY = Path(__file__).resolve().parents[2]
LOADED = "import atexit, sys; atexit.register(lambda: print('loaded:', *sys.modules, file=sys.stderr))\n"
MAIN = "from reconciler.__main__ import main; main()"


def is_recalled(*words: str, cwd: Path, installed: Path = REPOSITORY) -> bool:
    """Run the command as a process, and tell whether it came to its end without the command line."""
    code = f"import sys; sys.path.insert(0, {str(installed)!r})\n{LOADED}{MAIN}"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, check=False)
    loaded = set(done.stderr.rpartition("loaded:")[2].split())
    slow = {"http.client", "email", "typing", "dataclasses", "pathlib", "logging"}
    return not loaded & {"click", "reconciler.cli", "yaml", "jsonschema", "urllib3", "sqlite3", *slow}


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("plan", "--detailed-exitcode"),
        ("plan", "--format", "json"),
        ("apply",),
        ("apply", "--auto-approve", "manifests"),
    ],
)
def test_what_is_as_it_was_is_told_again(synced, command, hub, folder, words):
    synced.seen.clear()
    hub.requests.clear()
    first = command(*words)
    calls, requests = list(synced.calls()), [request.path for request in hub.requests]
    synced.seen.clear()
    hub.requests.clear()
    assert recalled(*words) == first.out
    assert (first.status, first.err) == (0, "")
    synced.seen.clear()
    hub.requests.clear()
    again = command(*words)
    assert again == first
    assert sorted(synced.calls()) == sorted(calls) == ["tags", "version"]
    assert [request.path for request in hub.requests] == requests
    assert len(requests) == 1


def test_it_is_told_without_the_command_line(synced, folder):
    cwd = folder.parent
    assert not is_recalled("plan", cwd=cwd)  # the words are the same, and the streams are others
    assert is_recalled("plan", cwd=cwd)


def _edited(folder, **_):
    tune(folder, "bot", "far", "system: Be kind.")


def _reworded(folder, **_):
    (folder / "bot.yaml").write_text((folder / "bot.yaml").read_text() + "# why not\n")


def _declared(folder, **_):
    tune(folder, "other", "far")


def _undeclared(folder, **_):
    (folder / "bot.yaml").unlink()


def _drifted(host, **_):
    host.store.manifests[full_name("bot")] = host.store.manifests[full_name("far")]


def _gone(host, **_):
    del host.store.manifests[full_name("bot")]


def _strange(host, **_):
    host.store.manifests[full_name("strange")] = host.store.manifests[full_name("far")]


def _moved(hub, folder, **_):
    tiny_model(folder.parent / "other.gguf", seed=7)
    hub.commit("org/far", {"far-Q8_0.gguf": folder.parent / "other.gguf"})


def _down(host, **_):
    host.fail("tags", times=9, status=500, body="{}")


def _forgotten(reconciler, **_):
    assert reconciler("forget", "bot").status == 0


def _locked(reconciler, **_):
    assert reconciler("lock").status == 0


def _locked_above(reconciler, folder, **_):
    assert reconciler("lock").status == 0
    (folder / "reconciler.lock").rename(folder.parent / "reconciler.lock")


def _newer(host, **_):
    host.version_text = "0.9.9"


def _coloured(monkeypatch, **_):
    monkeypatch.setenv("FORCE_COLOR", "1")


def _elsewhere(monkeypatch, **_):
    other = FakeOllama().__enter__()
    monkeypatch.setenv("OLLAMA_HOST", other.url)


CHANGES = (
    _edited, _reworded, _declared, _undeclared, _drifted, _gone, _strange, _moved, _down, _forgotten, _locked,
    _locked_above, _newer, _coloured, _elsewhere,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_what_moved_is_planned_anew(synced, command, bare, hub, folder, change, monkeypatch):
    assert recalled("plan") == command("plan").out
    change(host=synced, hub=hub, folder=folder, reconciler=bare, monkeypatch=monkeypatch)
    assert recalled("plan") is None
    told = command("plan")
    assert told == bare("plan")


def test_what_drifted_costs_no_request_twice(synced, command, hub):
    _drifted(synced)
    assert "~ bot:latest" in command("plan").out
    assert sorted(synced.calls()) == ["show", "tags", "version"]
    assert len(hub.requests) == 1


def test_a_host_that_is_slow_is_asked_with_patience(synced, command):
    synced.fail("tags", times=1, stall=PATIENCE + 0.5)
    assert recalled("plan") is None
    told = command("plan")
    assert (told.status, told.out.splitlines()[0]) == (0, "No changes. 2 models in sync on 1 host.")


def test_a_file_beside_the_manifests_is_looked_at(synced, command, folder):
    model(folder, "own")
    assert command("apply", "--auto-approve").status == 0
    time.sleep(2.1)  # a file that is younger may still change without looking different
    first = command("plan")
    assert recalled("plan") == first.out
    count = len(memories())
    tiny_model(folder / "own.gguf", seed=9)
    second = command("plan", "--detailed-exitcode")
    assert (first.status, second.status) == (0, 2)
    assert "own:latest" in second.out
    assert len(memories()) == count


def test_what_was_said_beside_the_plan_is_said_each_time(synced, command, folder):
    synced.store.manifests[full_name("by-hand")] = synced.store.manifests[full_name("far")]
    tune(folder, "odd", "by-hand")
    assert command("apply", "--auto-approve").status == 0
    told = command("plan")
    assert (told.status, told.out.splitlines()[0]) == (0, "No changes. 3 models in sync on 1 host.")
    assert "by-hand" in told.err
    assert command("plan") == told


def test_a_disk_that_is_full_is_told(synced, folder):
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    for _ in range(2):
        with Path("/dev/full").open("wb") as full:
            words = [sys.executable, "-m", "reconciler", "plan"]
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False, env=environ)
        assert done.returncode == 1
        assert b"can't be written" in done.stderr


def test_a_place_that_answers_slowly_but_steadily_is_heard_out():
    with FakeOllama() as server:
        count = WIDTH * 4
        server.fail("version", times=count, stall=PATIENCE * 0.3)
        questions = [
            Question("GET", f"{server.url}/api/version", (("Accept", str(number)),)) for number in range(count)
        ]
        began = time.monotonic()
        assert len(ask_again(questions)) == count
        assert time.monotonic() - began > PATIENCE


@pytest.mark.parametrize("changed", ["reconciler/report/terminal.py", "schemas/model.schema.json"])
def test_another_reconciler_of_the_same_version_knows_nothing(synced, folder, tmp_path, changed):
    for part in ("reconciler", "schemas"):
        shutil.copytree(REPOSITORY / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / changed).write_text((tmp_path / changed).read_text() + "\n")
    assert not is_recalled("plan", cwd=folder.parent)
    assert is_recalled("plan", cwd=folder.parent)
    assert not is_recalled("plan", cwd=folder.parent, installed=tmp_path)
    assert is_recalled("plan", cwd=folder.parent, installed=tmp_path)
    (tmp_path / changed).write_text((tmp_path / changed).read_text() + "\n")
    assert not is_recalled("plan", cwd=folder.parent, installed=tmp_path)
