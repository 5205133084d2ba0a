"""Rows: kill -9 of `reconciler`, at every step boundary and in the middle of every step.

The next apply comes at once, and its lease is not waited for.
"""

import os
from select import select

from reconciler.core.parts import merged_here
from tests.fakes.hf_server import Fault
from tests.faults.places import (
    PIECE,
    Hub,
    Place,
    Pulled,
    asked_on_fake,
    bare_guarded,
    bare_real,
    files_on_real,
    guarded_on_fake,
    hub_on_fake,
    in_place_on_fake,
    install_on_real,
    pull_on_real,
    split_on_real,
)
from tests.faults.rows import Row
from tests.faults.scene import Scene, Seen

_FAULT = "kill -9 of reconciler"


def _killed(scene: Scene, pattern: str, **when: object) -> Seen:
    with scene.process() as process:
        scene.gate.at(pattern, process.kill, **when)  # type: ignore[arg-type]
        seen = scene.ended(process)
    assert scene.gate.went_off, f"nothing came by that holds {pattern!r}"
    return seen


def _at(point: str, pattern: str, answers: str = "old", place: Place = files_on_real, **when: object) -> Row:
    return Row(_FAULT, point, place, lambda scene: _killed(scene, pattern, **when), "exit -9$", answers)


def _in_download(scene: Scene) -> Seen:
    assert isinstance(scene.content, Hub)
    hub = scene.content.server
    with scene.process() as process:
        hub.fail(Fault(stall_after=PIECE + 70_000, download=True))
        scene.wait_for_download()
        process.kill()
        return scene.ended(process)


def _in_merge(scene: Scene) -> Seen:
    """Have the file that is being made be a pipe, which takes no more than it holds until somebody reads it."""
    (change,) = scene.plan().pending
    assert change.after is not None
    (blob,) = merged_here(change.after)
    unfinished = scene.cache / "downloads" / f"{blob.digest.hex}.merging"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(unfinished)
    with scene.process() as process, unfinished.open("r+b", buffering=0) as pipe:
        assert select([pipe], [], [], 20)[0], "nothing was merged"
        process.kill()
        seen = scene.ended(process)
        beginning = pipe.read(1000)
    unfinished.unlink()
    unfinished.write_bytes(beginning)
    return seen


def _in_pull(scene: Scene) -> Seen:
    assert isinstance(scene.content, Pulled)
    with scene.process() as process:
        scene.content.gate.at("/blobs/sha256", process.kill, answered=True)
        return scene.ended(process)


ROWS = (
    _at("before the plan has read the host", "GET /api/tags"),
    _at("before the upload", "POST /api/blobs/"),
    _at("in the upload", "POST /api/blobs/", after=20_000),
    _at("after the upload", "POST /api/blobs/", answered=True),
    _at("before the create", "POST /api/create"),
    _at("in the create", "POST /api/create", answered=True),
    _at("before what was created is looked at", "POST /api/show"),
    _at("before the copy over the real name", "POST /api/copy"),
    _at("after the copy over the real name", "POST /api/copy", "new", answered=True),
    _at("before the staging name is deleted", "DELETE /api/delete", "new"),
    _at("after the staging name is deleted", "DELETE /api/delete", "new", answered=True),
    _at("before the outcome is on record", "GET /api/tags", "new", nth=4, answered=True),
    _at("in the create of a new model", "POST /api/create", "show says 404", bare_real, answered=True),
    _at("after the copy of a new model", "POST /api/copy", "new", bare_real, answered=True),
    _at("before a new model is on record", "GET /api/tags", "new", bare_real, nth=4, answered=True),
    Row(_FAULT, "in the download", hub_on_fake, _in_download, "exit -9$"),
    Row(_FAULT, "in the merge", split_on_real, _in_merge, "exit -9$"),
    Row(_FAULT, "in the pull", pull_on_real, _in_pull, "exit -9$"),
    _at("after the pull", "POST /api/copy", place=pull_on_real),
    _at("before the pull from us", "POST /api/pull", place=install_on_real),
    _at("in the pull from us", "POST /api/pull", place=install_on_real, answered=True),
    _at("after the pull from us", "POST /api/copy", place=install_on_real),
    _at("before the temporary name is deleted", "DELETE /api/delete", place=install_on_real),
    _at("before what was pulled from us is copied", "POST /api/copy", place=install_on_real, nth=2),
    _at("before the test", "POST /api/generate", "new", asked_on_fake),
    _at("in the test", "POST /api/generate", "new", asked_on_fake, answered=True),
    _at("after the test", "POST /api/show", "new", asked_on_fake, nth=2),
    _at("before the test that decides", "POST /api/generate", place=guarded_on_fake),
    _at("in the test that decides", "POST /api/generate", place=guarded_on_fake, answered=True),
    _at("in the test that decides on a new model", "POST /api/generate", "show says 404", bare_guarded, answered=True),
    _at("before a name that is pulled to is given back", "POST /api/copy", "new", in_place_on_fake, nth=2),
    _at("in the test of what was pulled in place", "POST /api/generate", place=in_place_on_fake, answered=True),
    _at("after what was pulled in place has its name", "POST /api/copy", "new", in_place_on_fake, nth=4, answered=True),
    _at("after what was pulled from us was copied", "POST /api/copy", "new", install_on_real, nth=2, answered=True),
)
