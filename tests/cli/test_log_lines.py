"""`--log-format json`: every line is JSON, one a change and one for the run, whatever happens."""

import json

import pytest

from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write

JSON = ("--log-format", "json")
ENDS = {"change_applied", "change_failed", "change_skipped", "change_refused"}
ALWAYS = ("run", "host", "model", "action", "status", "reasons", "bytes", "seconds")


def lines(result):
    return [json.loads(line) for line in result.err.splitlines()]


def canonical(told):
    return [line for line in told if line["event"] in ENDS]


def changes(told):
    return {line["model"]: line for line in canonical(told)}


def test_each_change_is_one_line_and_the_run_is_the_last(reconciler, folder, host, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    model(folder, "good")
    model(folder, "bad", seed=1, more="system: bad")
    tune(folder, "on-bad", "bad")
    model(folder, "asked", seed=2, more='test: {prompt: "2+2=", expect: "4"}')
    write(folder, "no", "kind: Model\nmetadata: {name: 'no'}\nspec: {source: {huggingface: {repo: a/b, file: m.gguf}}}")
    host.fail("create", error="disk trouble")
    result = reconciler(*JSON, "apply", "--auto-approve", "--parallelism", 1)
    told = lines(result)
    found = changes(told)
    assert len(canonical(told)) == len(found) == 5
    assert all(key in line for line in found.values() for key in ALWAYS)
    ends = {name: line["status"] for name, line in found.items()}
    assert ends == {
        "asked:latest": "failed",  # the first that was made
        "bad:latest": "applied",
        "good:latest": "applied",
        "no:latest": "refused",
        "on-bad:latest": "applied",
    }
    assert found["asked:latest"]["error"] == "disk trouble"
    assert found["asked:latest"]["hint"]
    assert found["good:latest"]["bytes"] > 0
    assert found["good:latest"]["reasons"] == "new"
    last = told[-1]
    assert (last["event"], last["level"], last["exit_code"], result.status) == ("run_finished", "error", 4, 4)
    assert (last["applied"], last["failed"], last["skipped"], last["refused"]) == (3, 1, 0, 1)
    assert last["bytes"] == sum(line["bytes"] for line in found.values())
    assert len({line["run"] for line in told if "run" in line}) == 1


def test_a_model_that_fails_its_test_is_one_line(reconciler, folder, host):
    model(folder, more='test: {prompt: "2+2=", expect: "4"}')
    told = lines(reconciler(*JSON, "apply", "--auto-approve"))
    (line,) = canonical(told)
    assert (line["event"], line["action"], told[-1]["event"]) == ("change_failed", "create", "run_finished")
    assert "its test failed" in line["error"]


@pytest.mark.ollama
def test_a_real_server_is_told_of_in_the_same_lines(reconciler, folder, ollama, unique, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    model(folder, f"{unique}-base")
    tune(folder, f"{unique}-bot", f"{unique}-base")
    told = lines(reconciler("--log-level", "debug", *JSON, "apply", "--auto-approve"))
    found = changes(told)
    assert {name: line["status"] for name, line in found.items()} == {
        f"{unique}-base:latest": "applied",
        f"{unique}-bot:latest": "applied",
    }
    assert (told[-1]["event"], told[-1]["applied"], told[-1]["exit_code"]) == ("run_finished", 2, 0)
    again = lines(reconciler(*JSON, "apply", "--auto-approve"))
    assert [(line["event"], line["in_sync"]) for line in again] == [("run_finished", 2)]


def test_a_run_that_finds_nothing_to_do_is_one_line(reconciler, folder, host):
    model(folder)
    reconciler("apply", "--auto-approve")
    (line,) = lines(reconciler(*JSON, "apply", "--auto-approve"))
    assert line.pop("timestamp")
    assert line.pop("run")
    assert line.pop("seconds") > 0
    assert line == {
        "level": "info",
        "event": "run_finished",
        "command": "apply",
        "applied": 0,
        "failed": 0,
        "skipped": 0,
        "refused": 0,
        "in_sync": 1,
        "hosts": 1,
        "hosts_silent": 0,
        "bytes": 0,
        "exit_code": 0,
    }


def test_in_text_a_run_that_finds_nothing_to_do_is_no_line(reconciler, folder, host):
    model(folder)
    assert "run_finished" in reconciler("apply", "--auto-approve").err
    assert reconciler("apply", "--auto-approve").err == ""


def test_a_silent_host_is_a_line(reconciler, folder, host):
    declare_host(folder, "alive", host.url)
    with FakeOllama() as dead:
        declare_host(folder, "dead", dead.url)
    model(folder)
    result = reconciler(*JSON, "apply", "--auto-approve")
    told = lines(result)
    (silent,) = [line for line in told if line["event"] == "host_not_observed"]
    assert silent["host"] == "dead"
    assert silent["error"]
    assert (told[-1]["hosts"], told[-1]["hosts_silent"], told[-1]["exit_code"]) == (1, 1, 4)


def test_a_refused_plan_is_one_line_with_the_reason(reconciler, folder, host):
    model(folder)
    write(folder, "policy", "kind: Policy\nmetadata: {name: default}\nspec: {limits: {downloadBytes: 1KiB}}\n")
    result = reconciler(*JSON, "apply", "--auto-approve")
    (line,) = lines(result)
    assert (line["event"], line["exit_code"], result.status) == ("run_finished", 3, 3)
    assert "not safe" in line["error"]


def test_manifests_that_cannot_be_used_are_a_line_for_each_finding(reconciler, folder, host):
    write(folder, "m", "kind: Model\nmetadata: {name: m}\nspec: {sauce: {}}\n")
    told = lines(reconciler(*JSON, "apply", "--auto-approve"))
    assert [line["event"] for line in told] == ["finding"] * (len(told) - 1) + ["run_finished"]
    assert told[0]["where"].startswith("manifests/m.yaml:")
    assert told[-1]["exit_code"] == 1


def test_warnings_about_manifests_are_lines(reconciler, folder, host):
    for name in ("Team/a", "team/b"):
        model(folder, name[-1])
        path = folder / f"{name[-1]}.yaml"
        path.write_text(path.read_text().replace(f"name: '{name[-1]}'", f"name: {name}"))
    result = reconciler(*JSON, "validate")
    told = lines(result)
    assert result.status == 0
    assert {(line["event"], line["level"]) for line in told} == {("finding", "warning")}
    assert "only by case" in told[0]["problem"]


def test_what_is_lost_in_an_import_is_lines(reconciler, folder):
    (folder.parent / "Modelfile").write_text("FROM llama3.2:1b\nPARAMETER nonsense 1\n")
    result = reconciler(*JSON, "import", "--from", "modelfile", "--name", "bot", "Modelfile")
    assert result.status == 0
    assert [(line["event"], line["level"]) for line in lines(result)] == [("finding", "warning")]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--registry", "mysql://x", "plan"), 1),
        (("plan", "--nonsense"), 64),
        (("plan", "nowhere"), 1),
        (("apply",), 1),
        (("apply", "--host", "nosuch"), 64),
        (("forget", "nosuch"), 1),
        (("adopt", "nosuch"), 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_complains_in_json(reconciler, folder, host, words, status):
    model(folder)
    result = reconciler(*JSON, *words)
    told = lines(result)
    assert (result.status, told[-1]["exit_code"]) == (status, status)
    assert told[-1]["error"]
    assert len([line for line in told if line["event"] in {"run_finished", "command_failed"}]) == 1


def test_no_line_holds_a_secret_that_a_host_repeats(reconciler, folder, monkeypatch):
    monkeypatch.setenv("GPU_TOKEN", "gpu-bearer-5e1f0c")
    with FakeOllama(token="gpu-bearer-5e1f0c") as server:
        declare_host(folder, "gpu", server.url, "auth: {bearerTokenEnv: GPU_TOKEN}")
        model(folder)
        server.fail("create", times=9, error="refused Bearer gpu-bearer-5e1f0c")
        result = reconciler("--log-level", "debug", *JSON, "apply", "--auto-approve")
    assert lines(result)[-1]["failed"] == 1
    assert "gpu-bearer-5e1f0c" not in result.err + result.out
