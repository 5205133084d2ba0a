"""A plan that found everything in sync is told again without being made again, if nothing that it read has moved."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.recall.asking import PATIENCE
from reconciler.recall.memory import Memory
from reconciler.registry.store import open_store
from tests.fakes._ollama_store import full_name
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, tune
from tests.parts.gguf import tiny_model

REPOSITORY = Path(__file__).resolve().parents[2]
SAME = "the same in every phase of a test"
LOADED = "import atexit, sys; atexit.register(lambda: print('loaded:', *sys.modules, file=sys.stderr))\n"
MAIN = "from reconciler.__main__ import main; main()"


def memories() -> list[Path]:
    return list(Path(os.environ["XDG_CACHE_HOME"], "reconciler", "plans").glob("*.json"))


def recalled(*words: str) -> str | None:
    """Return what would be told without a plan."""
    os.environ["PYTEST_CURRENT_TEST"] = SAME
    return Memory(words, os.environ).told()


def is_recalled(*words: str, cwd: Path) -> bool:
    """Run the command as a process, and tell whether it came to its end without the command line."""
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{LOADED}{MAIN}"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, check=False)
    loaded = set(done.stderr.rpartition("loaded:")[2].split())
    return not loaded & {"click", "reconciler.cli", "yaml", "jsonschema", "urllib3", "sqlite3", "dataclasses"}


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


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"asked": 1}', b'{"asked": [1], "told": 2}', b"\xff"])
def test_a_damaged_memory_is_none(synced, command, content):
    whole = command("plan")
    (path,) = memories()
    path.write_bytes(content)
    assert command("plan") == whole
    assert recalled("plan") == whole.out


@pytest.mark.parametrize("field", ["asked", "told", "paths", "places", "registry"])
def test_a_memory_without_a_part_is_none(synced, command, field):
    whole = command("plan")
    (path,) = memories()
    kept = json.loads(path.read_bytes())
    path.write_text(json.dumps({name: value for name, value in kept.items() if name != field}))
    assert command("plan") == whole


def test_where_nothing_can_be_kept_the_plan_is_made(synced, command, monkeypatch, folder):
    (folder.parent / "full").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "full"))
    first = command("plan")
    assert (first.status, first.err) == (0, "")
    assert command("plan") == first


def test_a_token_is_never_kept_and_so_nothing_is(folder, command, monkeypatch):
    with FakeOllama(token="s3cret-t0ken") as server:
        declare_host(folder, "gpu", server.url, "auth: {bearerTokenEnv: GPU_TOKEN}")
        monkeypatch.setenv("GPU_TOKEN", "s3cret-t0ken")
        monkeypatch.setenv("RECONCILER_SECRETS", f"GPU_TOKEN={server.url}")
        model(folder)
        assert command("apply", "--auto-approve").status == 0
        assert command("plan").status == 0
        assert memories() == []


def test_what_was_said_beside_the_plan_is_said_each_time(synced, command, folder):
    synced.store.manifests[full_name("by-hand")] = synced.store.manifests[full_name("far")]
    tune(folder, "odd", "by-hand")
    assert command("apply", "--auto-approve").status == 0
    told = command("plan")
    assert (told.status, told.out.splitlines()[0]) == (0, "No changes. 3 models in sync on 1 host.")
    assert "by-hand" in told.err
    assert command("plan") == told


def test_only_a_plan_in_sync_is_kept(synced, command, folder):
    count = len(memories())
    tune(folder, "new", "far")
    for words in (("plan",), ("plan", "--out", "plan.json"), ("status",), ("plan", "--host", "nowhere")):
        command(*words)
    assert len(memories()) == count
    assert command("apply", "--auto-approve").status == 0
    assert len(memories()) == count


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("--log-format", "json"), ()),
        (("--log-level", "debug"), ()),
        ((), ("--metrics-file", "metrics.prom")),
        ((), ("--format", "json")),
        ((), ("--format", "markdown")),
    ],
)
def test_an_apply_that_somebody_hears_of_is_made_each_time(synced, command, before, after):
    count = len(memories())
    assert command(*before, "apply", *after).status == 0
    assert len(memories()) == count


def test_an_apply_is_not_kept_while_another_run_may_leave_something_behind(synced, command, folder):
    store = open_store(f"sqlite://{os.environ['XDG_STATE_HOME']}/reconciler/registry.db", lineage=lambda: "ours")
    lease = store.acquire("http://elsewhere", "20261123T000000-abcdef", "somebody@else", 60.0)
    assert command("apply").status == 0
    assert recalled("apply") is None
    store.release(lease)
    assert command("apply").status == 0
    assert recalled("apply") is not None


def test_old_memories_go(synced, command, folder):
    for number in range(70):
        (memories()[0].parent / f"{number}.json").touch()
    command("plan", "--format", "json")
    assert len(memories()) == 64


def test_a_disk_that_is_full_is_told(synced, folder):
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    for _ in range(2):
        with Path("/dev/full").open("wb") as full:
            words = [sys.executable, "-m", "reconciler", "plan"]
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False, env=environ)
        assert done.returncode == 1
        assert b"can't be written" in done.stderr


def test_other_commands_have_no_memory(synced, command):
    count = len(memories())
    assert command("--version").out.startswith("reconciler ")
    assert command("status").status == 0
    assert command("validate").status == 0
    assert len(memories()) == count
