"""The cache of downloads: kept to be resumed, deleted when every host has it, and never kept for ever."""

import os
import time

from tests.fakes.hf_server import Fault
from tests.faults.places import hub_on_fake

DAY = 86_400  # seconds


def _kept(scene):
    return {path.suffix for path in (scene.cache / "downloads").iterdir() if path.stat().st_size}


def test_a_run_that_converges_clears_up_after_one_that_was_killed(tmp_path):
    with hub_on_fake(tmp_path, None) as scene:
        with scene.process() as process:
            scene.gate.at("POST /api/blobs/", process.kill, answered=True)
            scene.ended(process)
        assert _kept(scene) == {""}, "a whole download, and the host has it already"
        assert scene.converges() == "in sync"
        assert _kept(scene) == set()


def test_what_nobody_wants_any_more_goes_after_a_week(tmp_path):
    with hub_on_fake(tmp_path, None) as scene:
        downloads = scene.cache / "downloads"
        for name, days in (("a" * 64, 8), ("b" * 64 + ".part", 8), ("c" * 64, 6), ("d" * 64 + ".part", 6)):
            (downloads / name).write_bytes(b"x")
            then = time.time() - days * DAY
            os.utime(downloads / name, (then, then))
        with scene.process() as process:
            assert scene.ended(process).status == 0
        assert {path.name[0] for path in downloads.iterdir() if path.stat().st_size} == {"c", "d"}


def test_a_run_that_is_interrupted_goes_on_where_it_stopped(tmp_path):
    with hub_on_fake(tmp_path, None) as scene:
        scene.content.server.fail(Fault(stall_after=11_000_000, download=True))
        with scene.process() as process:
            scene.wait_for_download()
            process.terminate()
            assert scene.ended(process).status == 143
        assert _kept(scene) == {".part"}
        [arrived] = [path.stat().st_size for path in (scene.cache / "downloads").glob("*.part")]
        before = len(scene.content.server.requests)
        assert scene.converges() == "in sync"
        ranges = [item.range for item in scene.content.server.requests[before:] if item.server == "cdn"]
        assert ranges == [f"bytes={arrived}-"]
