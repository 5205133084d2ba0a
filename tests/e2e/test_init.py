"""What `init` writes is planned and applied as it is, on a real server; only Hugging Face is ours."""

import pytest

from tests.parts.gguf import tiny_model

pytestmark = pytest.mark.ollama
REPO = "bartowski/SmolLM2-135M-Instruct-GGUF"


def test_it_is_planned_applied_and_in_sync(reconciler, tmp_path, monkeypatch, hands, huggingface):
    tiny_model(tmp_path / "m.gguf")
    huggingface.commit(REPO, {"SmolLM2-135M-Instruct-Q4_K_M.gguf": tmp_path / "m.gguf"})
    monkeypatch.chdir(tmp_path)
    assert reconciler("init").status == 0
    planned = reconciler("plan")
    assert planned.status == 0, planned.err
    assert "Plan: 2 to create." in planned.out
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("plan", "--detailed-exitcode").status == 0
    hands.delete("smollm2:135m", "support-bot:latest")
