"""Rows: what a host, or whatever stands before it, answers; and blobs and models that vanish or are spoilt."""

import json
from urllib.request import Request, urlopen

from tests.fakes.ollama_server import FakeOllama
from tests.faults.places import files_on_fake, files_on_real, pull_on_fake
from tests.faults.rows import Row
from tests.faults.scene import Scene, Seen
from tests.parts.ollama import RealOllama

_STALL = 30.0  # seconds; far longer than the runs here wait


def _answered(scene: Scene, call: str, **fault: object) -> Seen:
    assert isinstance(scene.server, FakeOllama)
    scene.server.fail(call, **fault)  # type: ignore[arg-type]
    return scene.seen()


def _silent(scene: Scene, call: str) -> Seen:
    scene.silence = 0.3
    return _answered(scene, call, stall=_STALL, times=3)


def _mended(scene: Scene) -> None:
    scene.silence = 5.0
    assert isinstance(scene.server, FakeOllama)
    for fault in scene.server._faults:
        fault.times = 0


def _host(fault: str, call: str, seen: str, answers: str = "old", **how: object) -> Row:
    place = pull_on_fake if call == "pull" else files_on_fake
    return Row(fault, f"in {call}", place, lambda scene: _answered(scene, call, **how), seen, answers, _mended)


def _hangs(call: str) -> Row:
    place = pull_on_fake if call == "pull" else files_on_fake
    seen = "failed: connected, but silent"
    return Row("host is silent", f"in {call}", place, lambda scene: _silent(scene, call), seen, mend=_mended)


def _asked(scene: Scene, call: str, **fault: object) -> Seen:
    """Apply, and tell also how often the host was asked."""
    assert isinstance(scene.server, FakeOllama)
    before = len(scene.server.calls(call))
    seen = _answered(scene, call, **fault)
    return Seen(f"{seen} (asked {len(scene.server.calls(call)) - before} times)")


def _retried(fault: str, call: str, seen: str, answers: str = "old", **how: object) -> Row:
    place = pull_on_fake if call == "pull" else files_on_fake
    return Row(fault, f"in {call}", place, lambda scene: _asked(scene, call, **how), seen, answers, _mended)


def _lost(scene: Scene) -> Seen:
    """The uploaded blob vanishes before the model is created, as a restart of the host does."""
    fake = scene.server
    assert isinstance(fake, FakeOllama)
    before = set(fake.store.blobs)

    def vanish() -> None:
        for digest in set(fake.store.blobs) - before:
            del fake.store.blobs[digest]

    scene.gate.at("POST /api/create", vanish)
    return scene.seen()


def _emptied(scene: Scene) -> Seen:
    """A build by hand whose base is missing: the host reports success and has emptied the model."""
    assert isinstance(scene.server, RealOllama)
    body = json.dumps({"model": scene.name, "from": "127.0.0.1:9/no/such:base"}).encode()
    with urlopen(Request(f"{scene.server.url}/api/create", body)) as answer:
        assert b"success" in answer.read()
    return Seen(f"listed, and {scene.answers()}")


ROWS = (
    _host("connection cut", "create", "failed: the connection broke", end="cut", times=3),
    _host("connection cut once", "create", "applied", "new", end="cut"),
    _host("connection cut, though the work is done", "create", "applied", "new", end="cut", after=True),
    _host("connection cut", "pull", "failed: the connection broke", end="cut", times=3),
    _retried("error line under 200", "create", r"failed: boom \(asked 1 times\)", error="boom"),
    _retried("error line under 200", "pull", r"failed: boom \(asked 1 times\)", error="boom"),
    _host("stream without success", "create", "failed: the stream ended without success", end="quiet"),
    _host("stream without success", "pull", "failed: the stream ended without success", end="quiet"),
    _hangs("create"),
    _hangs("pull"),
    _hangs("upload"),
    _hangs("copy"),
    _retried("503 once", "upload", r"applied: in full \(asked 2 times\)", "new", status=503),
    _retried("429 once", "create", r"applied: in full \(asked 2 times\)", "new", status=429),
    _retried("503 for long", "copy", r"failed: .*\(asked 3 times\)", status=503, times=99),
    _retried("500", "create", r"failed: HTTP 500 without a word \(asked 1 times\)", status=500),
    _retried("401", "create", r"failed: .*\(asked 1 times\)", status=401),
    _retried("412, too old", "pull", r"failed: .*\(asked 1 times\)", error="pull model manifest: 412: newer"),
    _host("disk of the host is full", "upload", "failed: write: no space", status=500, body="write: no space left"),
    Row("uploaded blob vanishes", "before the create", files_on_fake, _lost, "applied|failed", "new"),
    Row("model emptied by hand", "before the plan", files_on_real, _emptied, "show says 404", "show says 404"),
)  # fmt: skip
