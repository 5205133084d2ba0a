"""`--registry` and `reconciler registry`: addresses that are wrong, and the history of runs."""

import json
import os

import pytest

from reconciler.cli.settings import default_registry
from reconciler.ports import Run
from reconciler.registry.store import open_store
from tests.manifests import model


@pytest.mark.parametrize("url", ["foo", "mysql://x", "sqlite://relative.db", "sqlite:///", "sqlite:////", ""])
def test_an_address_that_is_none_names_the_flag_and_what_would_do(reconciler, folder, url):
    result = reconciler("--registry", url, "registry", "list")
    if not url:
        assert result.status == 0  # as if it was not given
        return
    assert (result.status, result.out) == (1, "")
    what, hint = result.err.splitlines()
    assert what.startswith("error: --registry or $RECONCILER_REGISTRY: ")
    assert "sqlite:///absolute/path/registry.db" in hint


def test_a_path_is_shown_as_people_write_it(reconciler, folder):
    broken = folder.parent / "broken.db"
    broken.write_bytes(b"not a database" * 100)
    for slashes in ("sqlite://", "sqlite:///", "sqlite:////"):
        assert f"error: {broken}: " in reconciler("--registry", f"{slashes}{broken}", "registry", "list").err


def test_a_mistyped_registry_is_named_where_models_are_not_ours(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    model(folder, more="system: another")
    typo = f"sqlite:///{folder.parent}/typo.db"
    result = reconciler("--registry", typo, "plan")
    assert result.status == 3
    assert result.out.count("does not exist yet") == 1
    assert f"The registry {typo} does not exist yet, so nothing on these hosts is ours.\n" in result.out
    assert "does not exist yet" not in reconciler("plan").out


@pytest.fixture
def runs(reconciler, folder, host):
    """Apply twice; a third run came to its end without an outcome."""
    model(folder, "one")
    reconciler("apply", "--auto-approve")
    model(folder, "two", seed=1)
    reconciler("apply", "--auto-approve")
    store = open_store(default_registry(os.environ), lineage=str)
    store.begin(Run("idle", "2999-01-01T00:00:00.000Z", "f" * 64, "ann@desk"))
    store.end("idle", "2999-01-01T00:00:01.000Z", "succeeded")
    store.close()


def _history(reconciler, *words):
    result = reconciler("registry", "history", *words, "--format", "json")
    assert result.status == 0
    report = json.loads(result.out)
    return report["runs"], report["outcomes"]


def test_runs_come_newest_first_each_with_its_outcomes(reconciler, runs):
    found, outcomes = _history(reconciler)
    started = [run["started_at"] for run in found]
    assert started == sorted(started, reverse=True)
    assert [(item["run"], item["model"]) for item in outcomes] == [
        (found[1]["id"], "two:latest"),
        (found[2]["id"], "one:latest"),
    ]
    lines = reconciler("registry", "history").out.splitlines()
    heads = [line.split()[1] for line in lines if line.startswith("run ")]
    assert heads == [run["id"] for run in found] == ["idle", *heads[1:]]
    assert lines[-1].startswith("  default/one:latest  create  applied")


def test_a_limit_counts_runs_and_not_outcomes(reconciler, runs):
    (newest,), none = _history(reconciler, "--limit", "1")
    assert (newest["id"], none) == ("idle", [])
    two, outcomes = _history(reconciler, "--limit", "2")
    assert [item["model"] for item in outcomes] == ["two:latest"]
    assert [run["id"] for run in two] == ["idle", outcomes[0]["run"]]


def test_a_name_leaves_only_the_runs_that_touched_it(reconciler, runs):
    found, outcomes = _history(reconciler, "ONE")
    assert [item["model"] for item in outcomes] == ["one:latest"]
    assert [run["id"] for run in found] == [outcomes[0]["run"]]


def test_a_name_is_found_though_newer_runs_did_not_touch_it(reconciler, runs):
    found, outcomes = _history(reconciler, "one", "--limit", "1")
    assert [item["model"] for item in outcomes] == ["one:latest"]
    assert len(found) == 1


@pytest.mark.parametrize("words", [("registry", "show"), ("registry", "history"), ("forget",)])
def test_of_a_name_that_nothing_is_known_about_that_is_said_with_one_that_is_close(reconciler, folder, host, words):
    model(folder)
    reconciler("apply", "--auto-approve")
    for name, hint in (("tin", "did you mean tiny:latest?"), ("x", "`reconciler registry list` shows what is")):
        told = reconciler(*words, name)
        assert (told.status, told.out) == (1, "")
        assert told.err == f"error: {name}:latest is not on record\n  hint: {hint}\n"


def test_what_came_of_a_model_that_is_forgotten_is_history_still(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    reconciler("forget", "tiny")
    assert "create  applied" in reconciler("registry", "history", "tiny").out
