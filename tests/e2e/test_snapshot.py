"""A snapshot of a real server: planned from elsewhere, by whoever reaches neither server nor registry."""

import re
from pathlib import Path

import pytest

from tests.e2e.yard import Yard

pytestmark = pytest.mark.ollama
FILE = "snapshot.json"


def test_a_plan_from_a_snapshot_of_a_real_server_is_the_plan_made_there(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for seed, word in enumerate(("base", "changed", "deleted", "kept"), 81):
        yard.model(word, seed=seed)
    yard.tune("bot", "base")
    assert yard.reconciler("apply", "--auto-approve").status == 0
    yard.by_hand("changed", seed=90, system="By hand.")
    yard.hands.delete(yard.name("deleted"))
    yard.by_hand("stranger", seed=91)
    yard.model("stranger", seed=92)
    yard.model("new", seed=93)
    yard.tune("bot", "base", "system: Be kind.")
    asked = yard.reconciler("plan")
    assert yard.reconciler("status", "--snapshot", FILE).status == asked.status == 3
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("OLLAMA_HOST")
    told = yard.reconciler("plan", "--live", FILE, "--max-age", "1h")
    assert (told.status, re.sub(r"From a snapshot .*\n", "", told.out)) == (3, asked.out)
