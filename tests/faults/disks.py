"""Rows: disks that are full, on our side and on the host's; a registry that is spoilt; a clock that goes backwards."""

import subprocess
from datetime import timedelta
from functools import cache

from tests.faults.places import UNSHARED, Files, files_on_fake, files_on_small_disk, hub_on_fake
from tests.faults.rows import Row
from tests.faults.scene import Scene, Seen

_HOUR = timedelta(hours=1)


@cache
def _no_mounts() -> str:
    """Return why no disk can be put in place here; empty where one can."""
    tried = subprocess.run([*UNSHARED.split(), "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"`{UNSHARED}` is not allowed here, so that no disk can be full"


def _in_shell(scene: Scene, before: str) -> Seen:
    """Apply in a process for which a shell command has prepared the ground."""
    with scene.process(shell=("sh", "-c", f'{before} && exec "$@"', "sh")) as process:
        return scene.ended(process)


def _mounted(scene: Scene, mount: str) -> Seen:
    shell = (*UNSHARED.split(), "sh", "-c", f'{mount} && exec "$@"', "sh")
    with scene.process(shell=shell) as process:
        return scene.ended(process)


def _small_cache(scene: Scene) -> Seen:
    return _mounted(scene, f"mount -t tmpfs -o size=4m tmpfs '{scene.cache / 'downloads'}'")


def _read_only(scene: Scene) -> Seen:
    place = scene.registry.parent
    return _mounted(scene, f"mount --bind '{place}' '{place}' && mount -o remount,bind,ro '{place}'")


def _corrupt(scene: Scene) -> Seen:
    scene.registry.with_suffix(".kept").write_bytes(scene.registry.read_bytes())
    scene.registry.write_bytes(b"nothing that SQLite knows" * 1000)
    return _in_shell(scene, "true")


def _restored(scene: Scene) -> None:
    scene.registry.with_suffix(".kept").replace(scene.registry)


def _host_is_full(scene: Scene) -> Seen:
    assert isinstance(scene.content, Files)
    scene.content.extra = 8_000_000
    scene.declare("new")
    return scene.seen()


def _smaller(scene: Scene) -> None:
    assert isinstance(scene.content, Files)
    scene.content.extra = 0
    scene.declare("new")


def _clock_goes_back(scene: Scene, *, elsewhere: bool = False) -> Seen:
    with scene.process() as process:
        scene.gate.at("POST /api/copy", process.kill)
        scene.ended(process)
    if elsewhere:
        scene.held_elsewhere()
    scene.offset = -_HOUR
    return scene.seen()


def _two_minutes_later(scene: Scene) -> None:
    scene.offset += timedelta(minutes=2)


ROWS = (
    Row("our disk is too small", "before the download", hub_on_fake, _small_cache,
        "exit 1: .*are free in", needs=_no_mounts),
    Row("our disk is full", "in the download", hub_on_fake, lambda scene: _in_shell(scene, "ulimit -f 12000"),
        "exit 1: .*File too large"),
    Row("our disk is full", "when the run goes on record", files_on_fake,
        lambda scene: _in_shell(scene, "ulimit -f 1"), "exit 1: .*registry"),
    Row("registry is read-only", "when the run goes on record", files_on_fake, _read_only,
        "exit 1: .*(readonly|read-only)", needs=_no_mounts),
    Row("registry is corrupt", "before the plan", files_on_fake, _corrupt,
        "exit 1: .*not a database", mend=_restored),
    Row("disk of the host is full", "in the upload", files_on_small_disk, _host_is_full,
        "failed: .*no space left on device", mend=_smaller, needs=_no_mounts),
    Row("clock goes back an hour", "after a run was killed", files_on_fake, _clock_goes_back,
        "applied: in full", "new"),
    Row("clock goes back an hour", "after a run was killed elsewhere", files_on_fake,
        lambda scene: _clock_goes_back(scene, elsewhere=True),
        "LeaseHeld: .*is being written to", mend=_two_minutes_later),
)  # fmt: skip
