"""`status`: the words for how things stand are the same wherever they are said, and what is declared comes first."""

import json
import re

import pytest

from reconciler.report.status import State
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, tune


def test_help_says_every_word_that_status_prints(reconciler):
    told = " ".join(reconciler("status", "--help").out.split())
    assert [state.value for state in State if state.value not in told] == []


def test_what_is_declared_comes_first_and_what_is_not_managed_last(reconciler, folder, host):
    for seed, name in enumerate(("gone", "mine", "other", "a-stranger")):
        model(folder, name, seed=seed)
    tune(folder, "zz-bot", "mine")
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("forget", "a-stranger").status == 0
    for name in ("gone", "a-stranger"):
        (folder / f"{name}.yaml").unlink()
    model(folder, "aa-new", seed=9)
    lines = reconciler("status").out.splitlines()[2:]
    assert [re.split("  +", line)[1:3] for line in lines[:6]] == [
        ["missing", "aa-new:latest"],
        ["in sync", "mine:latest"],
        ["in sync", "other:latest"],
        ["in sync", "zz-bot:latest"],
        ["no longer declared", "gone:latest"],
        ["not managed", "a-stranger:latest"],
    ]
    assert lines[6:] == ["", "3 in sync, 1 missing, 1 not managed, 1 no longer declared."]


@pytest.mark.parametrize("state", State)
def test_machines_get_one_word(state):
    assert re.fullmatch("[a-z_]+", state.name.lower())


def test_several_hosts_stand_beside_each_other_and_machines_are_told_row_by_row(reconciler, folder, host):
    with FakeOllama() as second:
        for name, url in (("one", host.url), ("two", second.url)):
            declare_host(folder, name, url)
        model(folder)
        assert reconciler("apply", "--auto-approve", "--host", "one").status == 0
        declare_host(folder, "three", "http://127.0.0.1:9")
        told = reconciler("status").out.splitlines()
        assert "             one            three          two" in told
        assert "tiny:latest  ✓ in sync      × unreachable  + missing" in told
        rows = json.loads(reconciler("status", "--format", "json").out)["rows"]
        states = {row["host"]: row["state"] for row in rows}
        assert states == {"one": "in_sync", "three": "unreachable", "two": "missing"}
