"""Rows: Ctrl-C and SIGTERM, once and twice, at every kind of work."""

import signal
import time

from tests.fakes.hf_server import Fault
from tests.fakes.ollama_server import FakeOllama
from tests.faults.places import Hub, files_on_fake, hub_on_fake
from tests.faults.rows import Row
from tests.faults.scene import Scene, Seen

_SLOW = 0.05  # seconds for each 64 KiB: 8 s for a piece of the download


def _in_download(scene: Scene, *signals: int) -> Seen:
    assert isinstance(scene.content, Hub)
    scene.content.server.fail(Fault(delay=_SLOW, download=True))
    with scene.process() as process:
        scene.wait_for_download()
        return _sent(scene, process, *signals)


def _in_create(scene: Scene, *signals: int) -> Seen:
    fake = scene.server
    assert isinstance(fake, FakeOllama)
    fake.fail("create", stall=1.0 if len(signals) == 1 else 5.0)  # the second one waits for nothing
    before = len(fake.calls("create"))
    with scene.process() as process:
        scene.wait_until(lambda: len(fake.calls("create")) > before)
        return _sent(scene, process, *signals)


def _sent(scene: Scene, process, *signals: int) -> Seen:
    began = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    seen = scene.ended(process)
    seconds = time.monotonic() - began
    left = scene.left_over()
    return Seen(f"{seen.words} after {seconds:.1f} s; {scene.history()}; left over: {len(left)}", seen.status)


def _download(name: str, *signals: int) -> Row:
    how = rf"exit {128 + signals[-1]}.*after [0-2]\.. s; on record: run failed, update skipped; left over: 0"
    return Row(name, "in the download", hub_on_fake, lambda scene: _in_download(scene, *signals), how)


ROWS = (
    _download("Ctrl-C", signal.SIGINT),
    _download("SIGTERM", signal.SIGTERM),
    Row("Ctrl-C", "in the create", files_on_fake, lambda scene: _in_create(scene, signal.SIGINT),
        "exit 0.*on record: run succeeded, update applied; left over: 0", "new"),
    Row("Ctrl-C twice", "in the create", files_on_fake, lambda scene: _in_create(scene, signal.SIGINT, signal.SIGINT),
        "exit 130.*after [0-3].. s; on record: run running, nothing", "old"),
    Row("SIGTERM twice", "in the create", files_on_fake,
        lambda scene: _in_create(scene, signal.SIGTERM, signal.SIGTERM),
        "exit 143.*after [0-3].. s; on record: run running, nothing", "old"),
)  # fmt: skip
