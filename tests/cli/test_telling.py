"""What a plan tells of a change, in each format: once, and by the names that people gave."""

import json

import pytest

from tests.manifests import model, tune


@pytest.fixture
def switched(reconciler, folder, host):
    """Give a build that is declared to stand on another base than it was built on."""
    model(folder, "one", seed=1)
    model(folder, "two", seed=2)
    tune(folder, "bot", "one")
    assert reconciler("apply", "--auto-approve").status == 0
    tune(folder, "bot", "two")


def test_another_base_is_told_by_both_names(reconciler, switched):
    told = {kind: reconciler("plan", "--format", kind).out for kind in ("text", "markdown", "json")}
    assert "base  'one:latest' → 'two:latest'" in told["text"]
    assert "- base  'one:latest'\n+ base  'two:latest'" in told["markdown"]
    (change,) = [item for item in json.loads(told["json"])["changes"] if item["action"] == "update"]
    assert change["fields"] == [{"path": "base", "before": "one:latest", "after": "two:latest"}]
    assert (change["reasons"], change["base"]) == (["base_changed"], "two:latest")


@pytest.fixture
def part(reconciler, folder, host):
    """Give a host of which one model is on record, one is as declared and not on record, and one is missing."""
    model(folder, "ours", seed=1)
    model(folder, "theirs", seed=2)
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("forget", "theirs").status == 0
    model(folder, "new", seed=3)


def test_what_is_to_be_adopted_is_counted_once(reconciler, folder, part):
    told = {kind: reconciler("plan", "--format", kind).out for kind in ("text", "markdown", "json")}
    for kind in ("text", "markdown"):
        assert "1 to create, 1 to adopt." in told[kind]
        assert "1 in sync" in told[kind]
    plan = json.loads(told["json"])
    assert (plan["summary"]["adopt"], plan["summary"]["no-op"], plan["hosts"][0]["in_sync"]) == (1, 1, 1)
    metrics = folder.parent / "m.prom"
    assert reconciler("apply", "--auto-approve", "--metrics-file", metrics).status == 0
    assert 'reconciler_models{host="default",state="in_sync"} 3.0' in metrics.read_text()


def test_where_nothing_is_left_but_our_records_all_are_in_sync(reconciler, folder, part):
    (folder / "new.yaml").unlink()
    told = "No changes. 2 models in sync on 1 host. Apply will put 1 of them on record."
    assert reconciler("plan").out.splitlines()[0] == told
