"""Rows: what the hub and its storage do wrong while a model is resolved and downloaded."""

from tests.fakes.hf_server import Fault
from tests.faults.places import PIECE, Hub, hub_on_fake
from tests.faults.rows import Row
from tests.faults.scene import Scene, Seen


def _faulty(scene: Scene, fault: Fault) -> Seen:
    """Apply, and tell also how often the hub and its storage were asked for what went wrong."""
    assert isinstance(scene.content, Hub)
    server = scene.content.server
    before = len(server.requests)
    server.fail(fault)
    seen = scene.seen()
    asked = [item for item in server.requests[before:] if (item.server, item.method) == (fault.server, fault.method)]
    return Seen(f"{seen} (asked {sum(fault.path in item.path for item in asked)} times)")


def _silent(scene: Scene) -> Seen:
    """The client is told in the environment how long silence may last, and reads it once in a process."""
    assert isinstance(scene.content, Hub)
    scene.content.server.fail(Fault(stall_after=PIECE + 70_000, download=True))
    with scene.process() as process:
        return scene.ended(process)


def _over(scene: Scene) -> None:
    assert isinstance(scene.content, Hub)
    for fault in scene.content.server.state.faults.waiting:
        fault.times = 0


def _at(name: str, point: str, seen: str, fault: Fault, answers: str = "old") -> Row:
    return Row(name, point, hub_on_fake, lambda scene: _faulty(scene, _copy(fault)), seen, answers, _over)


def _copy(fault: Fault) -> Fault:
    """Return a fault of its own for each run of a row: it counts."""
    return Fault(**vars(fault))


_MIDDLE = 1_000_000  # bytes into the file
_LATER = {"Retry-After": "1"}
_IN_PLAN, _IN_DOWNLOAD = "in the plan", "in the download"
_API, _RESOLVE = "/api/models", "/resolve/"

ROWS = (
    _at("429 with Retry-After", _IN_PLAN, "applied", Fault("hub", path=_API, status=429, headers=_LATER), "new"),
    _at("503 once", _IN_PLAN, "applied", Fault("hub", path=_API, status=503), "new"),
    _at("500", _IN_PLAN, "nothing was done|refused", Fault("hub", path=_API, status=500, times=99)),
    _at("404", _IN_PLAN, r"refused: .*\(asked 1 times\)", Fault("hub", path=_API, status=404, times=99)),
    _at("401", _IN_PLAN, r"refused: .*\(asked 1 times\)", Fault("hub", path=_API, status=401, times=99)),
    _at("wrong bytes", _IN_DOWNLOAD, r"applied", Fault(flip_at=_MIDDLE, download=True), "new"),
    _at("wrong bytes for ever", _IN_DOWNLOAD, "failed: what arrived is not",
        Fault(flip_at=_MIDDLE, times=99, download=True)),
    _at("connection cut", _IN_DOWNLOAD, r"applied", Fault(cut_after=PIECE + 70_000, download=True), "new"),
    Row("storage is silent", _IN_DOWNLOAD, hub_on_fake, _silent, "exit 0", "new"),
    _at("503 once", _IN_DOWNLOAD, "applied", Fault(status=503, download=True), "new"),
    _at("429 with Retry-After", _IN_DOWNLOAD, "applied", Fault(status=429, headers=_LATER, download=True), "new"),
    _at("404", _IN_DOWNLOAD, r"failed: .*\(asked 1 times\)", Fault("hub", "HEAD", path=_RESOLVE, status=404, times=99)),
    _at("401", _IN_DOWNLOAD, r"failed: .*\(asked 1 times\)", Fault("hub", "HEAD", path=_RESOLVE, status=401, times=99)),
)  # fmt: skip
