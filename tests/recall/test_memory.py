"""What is kept of a plan, and what is not: never a secret, never what somebody else must hear, never too much."""

import json
import os
import time

import pytest

from reconciler.recall.exchange import Heard, Question
from reconciler.recall.memory import Beginning, Memory
from reconciler.recall.places import fingerprint
from reconciler.recall.sealed import Sealed
from reconciler.recall.tape import Tape
from reconciler.registry.store import open_store
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, tune
from tests.recall.memories import memories, recalled

SECRET = "s3cret-t0ken"


@pytest.mark.parametrize("damage", [lambda held: b"", lambda held: held[:-1], lambda held: held + b" "])
def test_a_damaged_memory_is_none(synced, command, damage):
    whole = command("plan")
    (path,) = memories()
    path.write_bytes(damage(path.read_bytes()))
    assert recalled("plan") is None
    assert command("plan") == whole
    assert recalled("plan") == whole.out


def test_what_a_stranger_has_written_is_none(synced, command, monkeypatch):
    """A cache may come from elsewhere: without our secrets nobody decides what is told, and where secrets go."""
    before = set(memories())
    monkeypatch.setenv("GPU_TOKEN", SECRET)
    told = command("plan").out
    (path,) = set(memories()) - before
    held = path.read_bytes()
    monkeypatch.setenv("GPU_TOKEN", "what a stranger thinks")
    command("plan")
    (theirs,) = set(memories()) - before - {path}
    assert recalled("plan") == told
    theirs.replace(path)
    monkeypatch.setenv("GPU_TOKEN", SECRET)
    assert recalled("plan") is None
    path.write_bytes(held)
    assert recalled("plan") == told


WHOLE = {"paths": [], "registry": "", "places": fingerprint([], ""), "told": "all is well", "asked": []}
PARTS = [json.dumps({name: value for name, value in WHOLE.items() if name != part}).encode() for part in WHOLE]
CONTENTS = [b"", b"[]", b"null", b"\xff", b'{"asked": 1}', json.dumps({**WHOLE, "asked": [1]}).encode(), *PARTS]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_memory_without_a_part_is_none(tmp_path, content):
    memory = Memory(["plan"], {"XDG_CACHE_HOME": str(tmp_path)})
    memory._file.write(json.dumps(WHOLE).encode())
    assert memory.told() == "all is well"
    memory._file.write(content)
    assert memory.told() is None


def test_where_nothing_can_be_kept_the_plan_is_made(synced, command, monkeypatch, folder):
    (folder.parent / "full").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "full"))
    first = command("plan")
    assert (first.status, first.err) == (0, "")
    assert command("plan") == first


AUTHS = ("auth: {bearerTokenEnv: GPU_TOKEN}", "auth: {headerEnv: {X-Api-Key: GPU_TOKEN, Authorization: GPU_BEARER}}")


@pytest.mark.parametrize("auth", AUTHS)
def test_a_secret_is_kept_by_the_name_of_its_variable_alone(folder, command, monkeypatch, auth):
    with FakeOllama(token=SECRET) as server, FakeOllama() as other:
        declare_host(folder, "gpu", server.url, auth)
        declare_host(folder, "open", other.url)
        monkeypatch.setenv("GPU_TOKEN", SECRET)
        monkeypatch.setenv("GPU_BEARER", f"Bearer {SECRET}")
        tune(folder, "bot", "base", "system: Hi.\nhosts: [gpu]")
        assert command("apply", "--auto-approve").status == 1  # there is no base
        (folder / "bot.yaml").unlink()
        model(folder)
        assert command("apply", "--auto-approve").status == 0
        time.sleep(2.1)  # a file that is younger may still change without looking different
        told = command("plan")
        other.seen.clear()
        assert recalled("plan") == told.out
        assert not [seen for seen in other.seen if SECRET in str(seen.headers)]
        assert SECRET.encode() not in b"".join(path.read_bytes() for path in memories())
        monkeypatch.setenv("GPU_TOKEN", "another")
        monkeypatch.setenv("GPU_BEARER", "Bearer another")
        assert recalled("plan") is None
        assert command("plan").status == 1


def test_a_secret_of_unknown_origin_is_not_kept(synced, tmp_path):
    tape, file = Tape(), Sealed(str(tmp_path / "kept"), b"plan")
    beginning = Beginning(file, {"TOKEN": "known"}, ["manifests"], "nowhere.db", tape)
    tape.hear(Question.of("GET", "http://hub", {"Authorization": "Bearer known"}), Heard(200, (), b""))
    beginning.remember("told")
    kept = file.read()
    assert b"TOKEN" in kept
    assert b"known" not in kept
    file.write(b"before")
    tape.hear(Question.of("GET", "http://hub", {"Authorization": "Basic a25vd24="}), Heard(200, (), b""))
    beginning.remember("told")
    assert file.read() == b"before"


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
        (memories()[0].parent / f"{number}.sealed").touch()
    command("plan", "--format", "json")
    assert len(memories()) == 64


def test_other_commands_have_no_memory(synced, command):
    count = len(memories())
    assert command("--version").out.startswith("reconciler ")
    assert command("status").status == 0
    assert len(memories()) == count
