"""Rows: kill -9 and restart of the real Ollama, at every step boundary and in the middle of every step."""

from tests.faults.places import Place, Pulled, files_on_real, install_on_real, pull_on_real
from tests.faults.rows import Row
from tests.faults.scene import Scene, Seen
from tests.parts.ollama import RealOllama

_GONE = "failed: (no connection|the connection broke)"
_FAULT = "kill -9 and restart of the host"


def _restart(scene: Scene) -> None:
    assert isinstance(scene.server, RealOllama)
    scene.server.kill()
    scene.server.start()


def _restarted(scene: Scene, pattern: str, **when: object) -> Seen:
    scene.pause = 0.3
    scene.gate.at(pattern, lambda: _restart(scene), **when)  # type: ignore[arg-type]
    seen = scene.seen()
    assert scene.gate.went_off
    return seen


def _at(point: str, pattern: str, answers: str = "new", place: Place = files_on_real, **when: object) -> Row:
    return Row(_FAULT, point, place, lambda scene: _restarted(scene, pattern, **when), "applied: in full", answers)


def _in_pull(scene: Scene) -> Seen:
    assert isinstance(scene.content, Pulled)
    scene.pause = 0.3
    scene.content.gate.at("/blobs/sha256", lambda: _restart(scene), answered=True)
    seen = scene.seen()
    assert scene.content.gate.went_off
    return seen


def _down(scene: Scene) -> Seen:
    """The host stays down: nothing is believed, and nothing is done."""
    assert isinstance(scene.server, RealOllama)
    scene.gate.at("POST /api/copy", scene.server.kill)
    seen = scene.seen()
    scene.server.start()
    return seen


def _down_and_another_wish(scene: Scene) -> Seen:
    """By the time that the host is back something else is wanted, and nobody needs the old staging name again."""
    seen = _down(scene)
    scene.declare("new")
    return seen


ROWS = (
    _at("in the upload", "POST /api/blobs/", after=20_000),
    _at("after the upload", "POST /api/blobs/", answered=True),
    _at("before the create", "POST /api/create"),
    _at("in the create", "POST /api/create", answered=True),
    _at("before the copy over the real name", "POST /api/copy"),
    _at("after the copy over the real name", "POST /api/copy", answered=True),
    _at("before the staging name is deleted", "DELETE /api/delete"),
    Row(_FAULT, "in the pull", pull_on_real, _in_pull, "applied: in full", "new"),
    _at("before the pull from us", "POST /api/pull", place=install_on_real),
    _at("in the pull from us", "POST /api/pull", place=install_on_real, answered=True),
    _at("after the pull from us", "POST /api/copy", place=install_on_real),
    _at("before the temporary name is deleted", "DELETE /api/delete", place=install_on_real),
    Row("kill -9 of the host for good", "before the copy", files_on_real, _down, _GONE),
    Row("and other manifests by then", "before the copy", files_on_real, _down_and_another_wish, _GONE),
)
