"""Traces: what a collector gets of a run, and that one which is not there costs next to nothing."""

import json
import os
import subprocess
import sys
import time

import pytest

from reconciler.traces import begin
from tests.fakes.ollama_server import FakeOllama
from tests.fakes.otlp_server import OtlpServer
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write
from tests.workflow.conftest import Ear

JSON = ("--log-format", "json")
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector(monkeypatch):
    with OtlpServer() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        yield server


def tree(spans):
    """Return each span's name with the names above it."""
    by_id = {span.id: span for span in spans}

    def path(span):
        above = by_id.get(span.parent)
        return (*path(above), span.name) if above else (span.name,)

    return sorted(path(span) for span in spans)


def named(spans, name):
    return next(span for span in spans if span.name == name)


def test_a_run_its_hosts_changes_steps_and_transfers_are_spans(reconciler, folder, host, collector):
    model(folder)
    tune(folder, "bot", "tiny")
    result = reconciler("apply", "--auto-approve")
    assert result.status == 0
    run, at = "reconciler apply", "host"
    assert tree(collector.spans) == [
        (run,),
        (run, at),
        (run, at, "change create"),
        (run, at, "change create"),
        *[(run, at, "change create", f"step {kind}") for kind in ("copy", "copy", "create", "create")],
        *[(run, at, "change create", f"step {kind}") for kind in ("delete", "delete", "upload")],
        (run, at, "transfer"),
        (run, "plan"),
    ]
    assert collector.services == {"reconciler"}
    assert {span.trace for span in collector.spans} == {collector.spans[0].trace}
    assert all(span.began <= span.ended for span in collector.spans)
    root = named(collector.spans, run)
    assert (root.attributes["reconciler.applied"], root.attributes["reconciler.exit_code"]) == (2, 0)
    assert root.attributes["reconciler.run"] in result.err
    made = [span for span in collector.spans if span.name == "change create"]
    assert {span.attributes["reconciler.model"] for span in made} == {"tiny:latest", "bot:latest"}
    assert named(collector.spans, "transfer").attributes["reconciler.bytes"] > 0


def test_what_goes_wrong_is_on_the_spans(reconciler, folder, host, collector, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    model(folder)
    write(folder, "no", "kind: Model\nmetadata: {name: 'no'}\nspec: {source: {huggingface: {repo: a/b, file: m.gguf}}}")
    host.fail("create", error="disk trouble")
    assert reconciler("apply", "--auto-approve").status == 1
    failed = {span.name: span.message for span in collector.spans if span.failed}
    assert failed["change create"] == failed["step create"] == "disk trouble"
    assert "the hub did not answer" in failed["change refuse"]
    assert "exception" in named(collector.spans, "change create").events


def test_a_run_that_comes_to_nothing_is_a_span_that_failed(reconciler, folder, host, collector):
    write(folder, "m", "kind: Model\nmetadata: {name: m}\nspec: {sauce: {}}\n")
    assert reconciler("apply", "--auto-approve").status == 1
    assert {span.name: span.failed for span in collector.spans} == {"reconciler apply": True, "plan": True}
    assert all("finding" in span.message for span in collector.spans)


def test_a_change_that_is_tried_again_says_so(reconciler, folder, host, collector):
    model(folder)
    host.fail("create", status=503, body="busy")
    assert reconciler("apply", "--auto-approve").status == 0
    assert "change_repeated" in named(collector.spans, "change create").events
    assert [span.failed for span in collector.spans if span.name == "step create"] == [True, False]


def test_the_trace_of_a_pipeline_is_joined(reconciler, folder, host, collector, monkeypatch):
    monkeypatch.setenv("TRACEPARENT", f"00-{TRACE}-{PARENT}-01")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "fleet")
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    root = named(collector.spans, "reconciler apply")
    assert (root.trace, root.parent, collector.services) == (TRACE, PARENT, {"fleet"})


@pytest.mark.parametrize("setting", [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_traces_can_be_switched_off(reconciler, folder, host, collector, monkeypatch, setting):
    monkeypatch.setenv(*setting)
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    assert collector.bodies == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
    ],
)
def test_what_cannot_be_done_is_a_warning_and_no_more(reconciler, folder, host, collector, monkeypatch, settings, told):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    model(folder)
    result = reconciler(*JSON, "apply", "--auto-approve")
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert (result.status, lines[0]["event"], lines[0]["level"]) == (0, "traces_off", "warning")
    assert told in lines[0]["error"]


@pytest.mark.parametrize("kind", ["nobody", "silent", "broken", "nonsense"])
def test_a_collector_that_takes_nothing_fails_and_delays_nothing(reconciler, folder, host, monkeypatch, kind):
    model(folder)
    with OtlpServer(silent=kind == "silent", status=500 if kind == "broken" else 200) as server:
        url = {"nobody": "http://127.0.0.1:9", "nonsense": "nonsense"}.get(kind, server.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        began = time.monotonic()
        result = reconciler(*JSON, "apply", "--auto-approve")
        assert time.monotonic() - began < 9  # OpenTelemetry itself would wait for ten seconds and more
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert (result.status, [line["event"] for line in lines][-2:]) == (0, ["traces_not_sent", "run_finished"])


def test_without_the_library_a_run_says_how_to_get_it(folder, host, collector):
    model(folder)
    code = "import sys; sys.modules['opentelemetry'] = None; from reconciler.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "apply", "--auto-approve"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert (result.returncode, "pip install 'reconciler[otel]'" in result.stderr) == (0, True)


def test_no_secret_is_in_a_trace(reconciler, folder, monkeypatch, collector):
    monkeypatch.setenv("GPU_TOKEN", "gpu-bearer-5e1f0c")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=otel-key-77ab31")
    with FakeOllama(token="gpu-bearer-5e1f0c") as server:
        declare_host(folder, "gpu", server.url, "auth: {bearerTokenEnv: GPU_TOKEN}")
        model(folder)
        server.fail("create", times=9, error="refused Bearer gpu-bearer-5e1f0c")
        result = reconciler("--log-level", "debug", *JSON, "apply", "--auto-approve")
    assert any(span.failed for span in collector.spans)
    assert not [body for body in collector.bodies if b"gpu-bearer-5e1f0c" in body]
    assert collector.headers[0]["api-key"] == "otel-key-77ab31"
    assert "otel-key-77ab31" not in result.err + result.out


def test_what_a_listener_hears_is_without_secrets(collector):
    traces = begin({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}, "apply", "1.0")
    ear = Ear()
    listener = traces.over(ear, ["s3cret"]).bind(host="a")
    listener.event("debug", "change_started", model="m", action="create", note="with s3cret")
    listener.event("warning", "change_repeated", model="m", error="lost s3cret")
    listener.event("error", "change_failed", model="m", error="refused s3cret")
    assert traces.end({"error": "it was s3cret"}) == ""
    assert [span.message for span in collector.spans if span.failed] == ["refused ***", "it was ***"]
    assert named(collector.spans, "change create").attributes["reconciler.note"] == "with ***"
    assert b"s3cret" not in b"".join(collector.bodies)
    assert [name for name, _ in ear.events] == ["change_started", "change_repeated", "change_failed"]
    assert ear.events[0][1]["host"] == "a"
