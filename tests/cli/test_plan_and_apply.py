"""`plan`, `apply` and `status` against a host: what they print, where, and with which exit status."""

import json

from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write


def test_a_plan_changes_nothing_and_says_what_it_would_do(reconciler, folder, host, tmp_path):
    model(folder)
    result = reconciler("plan")
    assert result.status == 0
    assert "+ tiny:latest  import" in result.out
    assert "Plan: 1 to create." in result.out
    assert set(host.calls()) == {"version", "tags", "has_blob"}
    assert not list(tmp_path.rglob("registry.db"))


def test_pending_changes_are_2_only_when_asked_for(reconciler, folder, host):
    model(folder)
    assert reconciler("plan", "--detailed-exitcode").status == 2
    assert reconciler("status", "--detailed-exitcode").status == 2
    reconciler("apply", "--auto-approve")
    assert reconciler("plan", "--detailed-exitcode").status == 0


def test_apply_then_plan_is_in_sync_and_asks_next_to_nothing(reconciler, folder, host):
    model(folder)
    tune(folder, "bot", "tiny", "system: Be brief.\nparameters: {temperature: 0.2, stop: ['a', 'b']}")
    applied = reconciler("apply", "--auto-approve")
    assert (applied.status, "2 applied" in applied.out) == (0, True)
    host.seen.clear()
    assert reconciler("plan").out == "No changes. 2 models in sync on 1 host.\n"
    assert host.calls() == ["version", "tags"]
    host.seen.clear()
    assert reconciler("apply", "--auto-approve").status == 0
    assert host.calls() == ["version", "tags"]


def test_without_a_terminal_nothing_is_applied_unless_approved(reconciler, folder, host):
    model(folder)
    result = reconciler("apply")
    assert result.status == 1
    assert "--auto-approve" in result.err
    assert set(host.calls()) == {"version", "tags", "has_blob"}


def test_what_is_there_and_not_ours_is_refused_and_the_rest_is_applied(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    model(folder, more="system: another")
    model(folder, "other", seed=1)
    result = reconciler("--registry", f"sqlite:///{folder.parent}/fresh.db", "apply", "--auto-approve")
    assert result.status == 4
    assert "! tiny:latest" in result.out
    assert "+ other:latest  create  applied" in result.out


def test_only_refusals_are_3(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    model(folder, more="system: another")
    fresh = ("--registry", f"sqlite:///{folder.parent}/fresh.db")
    assert reconciler(*fresh, "plan").status == 3
    assert reconciler(*fresh, "apply", "--auto-approve").status == 3


def test_a_silent_host_is_said_loudly_and_the_others_go_on(reconciler, folder):
    with FakeOllama() as alive, FakeOllama() as dead:
        gone = dead.url
        declare_host(folder, "alive", alive.url)
    declare_host(folder, "dead", gone)
    model(folder)
    with FakeOllama() as alive:
        declare_host(folder, "alive", alive.url)
        plan = reconciler("plan")
        assert plan.status == 1
        assert "NOT OBSERVED" in plan.out
        assert "This plan is incomplete" in plan.out
        applied = reconciler("apply", "--auto-approve")
        assert applied.status == 4
        assert "alive" in applied.out
        assert reconciler("apply", "--auto-approve").status == 1  # nothing left to do, but one host is unknown


def test_a_wrong_token_and_a_missing_one_are_clear_and_never_printed(reconciler, folder, monkeypatch):
    with FakeOllama(token="right") as server:
        declare_host(folder, "gpu", server.url, "auth: {bearerTokenEnv: GPU_TOKEN}")
        model(folder)
        missing = reconciler("plan")
        assert missing.status == 1
        assert "GPU_TOKEN is not set" in missing.out
        monkeypatch.setenv("GPU_TOKEN", "wrong-secret")
        wrong = reconciler("plan")
        assert wrong.status == 1
        assert "GPU_TOKEN" in wrong.out
        assert "wrong-secret" not in wrong.out + wrong.err
        monkeypatch.setenv("GPU_TOKEN", "right")
        assert reconciler("plan").status == 0


def test_several_tokens_that_are_missing_are_good_english(reconciler, folder):
    declare_host(folder, "gpu", "http://127.0.0.1:1", "auth: {headerEnv: {X-Key: GPU_KEY, X-User: GPU_USER}}")
    model(folder)
    told = reconciler("plan").out
    assert "GPU_KEY and GPU_USER are not set" in told
    assert "set them, or change spec.auth" in told


def test_a_hub_that_does_not_answer_is_named(reconciler, folder, host, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    write(folder, "m", "kind: Model\nmetadata: {name: m}\nspec: {source: {huggingface: {repo: a/b, file: m.gguf}}}\n")
    result = reconciler("plan")
    assert result.status == 1
    assert "http://127.0.0.1:9: the hub did not answer: " in result.out


def test_targets_bring_their_bases_and_leave_the_rest(reconciler, folder, host):
    model(folder)
    model(folder, "other", seed=1)
    tune(folder, "bot", "tiny")
    assert reconciler("apply", "--auto-approve", "--target", "bot").status == 0
    assert "+ other:latest" in reconciler("plan").out
    assert reconciler("plan", "--target", "bot").out == "No changes. 2 models in sync on 1 host.\n"


def test_a_target_or_host_that_is_not_declared_is_wrong_usage(reconciler, folder, host):
    model(folder)
    assert reconciler("plan", "--target", "nosuch").status == 64
    assert reconciler("plan", "--target", "a/b/c/d").status == 64
    assert "there are: default" in reconciler("plan", "--host", "nosuch").err


def test_json_goes_to_stdout_alone_and_logs_to_stderr(reconciler, folder, host):
    model(folder)
    plan = reconciler("plan", "--format", "json")
    assert json.loads(plan.out)["format_version"]
    applied = reconciler("--log-format", "json", "apply", "--auto-approve", "--format", "json")
    assert json.loads(applied.out)
    lines = [json.loads(line) for line in applied.err.splitlines()]
    (change,) = [line for line in lines if line["event"] == "change_applied"]
    assert change["model"] == "tiny:latest"
    assert change["host"] == "default"
    assert change["run"]


def test_a_model_that_disappears_is_made_again(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    host.store.manifests.clear()
    assert "missing" in reconciler("status").out
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("plan").out.startswith("No changes.")


def test_a_registry_that_cannot_be_read_stops_everything(reconciler, folder, host):
    model(folder)
    (folder.parent / "broken.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    result = reconciler("--registry", f"sqlite:///{folder.parent}/broken.db", "apply", "--auto-approve")
    assert result.status == 1
    assert "broken.db" in result.err
    assert not host.calls("create", "copy")


def test_an_unusable_registry_address_is_explained(reconciler, folder, host):
    model(folder)
    assert "sqlite:///" in reconciler("--registry", "mysql://x", "plan").err


def test_records_are_listed_shown_and_told_as_history(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    assert "tiny:latest" in reconciler("registry", "list").out
    listed = json.loads(reconciler("registry", "list", "--format", "json").out)
    assert listed["ollama:tiny:latest"]["status"] == "available"
    assert "digest" in reconciler("registry", "show", "TINY").out
    assert "default/tiny:latest  create  applied" in reconciler("registry", "history").out
    assert json.loads(reconciler("registry", "history", "tiny", "--format", "json").out)
    assert reconciler("registry", "show", "nosuch").status == 1
