"""What this machine's kernel tells of processes: real ones, and a /proc that tells less."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.holder import Process, Seen, Unseen
from reconciler.registry.processes import Kernel
from tests.parts.missing import needs_kernel

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
TELL = "from reconciler.registry.processes import Kernel; print(Kernel().own())"

pytestmark = needs_kernel


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def proc(tmp_path):
    """Return what there is in /proc for us, to be changed."""
    (tmp_path / "self").mkdir()
    for name in ("stat", "status"):
        shutil.copy(f"/proc/self/{name}", tmp_path / "self" / name)
    (tmp_path / "self/ns").symlink_to("/proc/self/ns")
    kernel = tmp_path / "sys/kernel/random"
    kernel.mkdir(parents=True)
    (kernel / "boot_id").write_text("3f4741c5-d2d6-4fe3-86c6-3431b6e3afb5\n")
    return tmp_path


def of(process):
    """Return who a child of ours is."""
    here = Kernel().own()
    sight = Kernel().look(process.pid)
    assert isinstance(sight, Seen)
    return Process(process.pid, sight.began, here.place)


def tells(*shell):
    """Return what a process says of itself that is started in another way; skips where that may not be."""
    answer = subprocess.run([*shell, sys.executable, "-c", TELL], check=False, capture_output=True, text=True)
    if answer.returncode and shell:
        pytest.skip(answer.stderr)
    return answer.stdout.strip()


def test_we_live_and_say_the_same_of_us_each_time():
    own = Kernel().own()
    assert own == Kernel().own()
    assert own.pid == os.getpid()
    assert not Kernel().is_dead(own)
    assert Kernel().is_dead(replace(own, began=own.began - 1)), "somebody who had our number before us"


def test_another_process_of_this_machine_says_where_it_is_as_we_do():
    assert repr(Kernel().own().place) in tells()


def test_a_stopped_process_lives_and_a_killed_one_is_dead_before_and_after_it_is_reaped(sleeper):
    holder = of(sleeper)
    assert not Kernel().is_dead(holder)
    sleeper.send_signal(signal.SIGSTOP)
    _until(lambda: Kernel().look(sleeper.pid).state == "T")
    assert not Kernel().is_dead(holder)
    sleeper.kill()
    _until(lambda: Kernel().look(sleeper.pid).state == "Z")
    assert Kernel().is_dead(holder)
    sleeper.wait()
    assert Kernel().look(sleeper.pid) is Unseen.GONE
    assert Kernel().is_dead(holder)


def test_a_name_that_looks_like_the_end_of_one_changes_nothing(tmp_path, sleeper):
    odd = tmp_path / "a) Z 1 (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as process:
        _until(lambda: "a) Z" in Path(f"/proc/{process.pid}/stat").read_text())
        sight = Kernel().look(process.pid)
        process.kill()
    assert (sight.state in "SRD", sight.threads) == (True, 1)
    assert abs(sight.began - of(sleeper).began) < 1000


@pytest.mark.parametrize("pid", [2**31, 2**63, 2**100])
def test_what_can_be_nobodys_number_proves_nothing(pid):
    assert Kernel().look(pid) is Unseen.HIDDEN


def test_who_lives_and_is_hidden_is_not_dead(proc, sleeper):
    holder = replace(of(sleeper), place=Kernel(proc).own().place)
    assert Kernel(proc).look(sleeper.pid) is Unseen.HIDDEN
    assert not Kernel(proc).is_dead(holder)
    sleeper.kill()
    sleeper.wait()
    assert Kernel(proc).is_dead(holder)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("self/stat", "1 (python) S"),
        ("self/stat", ""),
        ("self/status", "Name:\tpython\nPid:\t1\n"),  # a kernel without namespaces
        ("self/status", "NSpid:\t1OURS\n"),
        ("self/status", "NSpid:\t1\tOURS\n"),  # /proc is of a namespace further out
        ("sys/kernel/random/boot_id", "\n"),
        ("sys/kernel/random/boot_id", "two words"),
    ],
)
def test_who_can_not_tell_who_it_is_says_nothing_of_anybody(proc, file, text, sleeper):
    assert Kernel(proc).own() is not None
    (proc / file).write_text(text.replace("OURS", str(os.getpid())))
    assert Kernel(proc).own() is None
    assert not Kernel(proc).is_dead(Process(2**22, 1, Kernel().own().place))


@pytest.mark.parametrize("file", ["self/stat", "self/status", "self/ns", "sys/kernel/random/boot_id"])
def test_a_proc_that_lacks_something_says_nothing(proc, file):
    (proc / file).unlink()
    assert Kernel(proc).own() is None


def test_elsewhere_than_on_linux_nothing_is_told(tmp_path):
    assert Kernel(tmp_path).own() is None


def test_another_boot_another_place(proc):
    before = Kernel(proc).own()
    (proc / "sys/kernel/random/boot_id").write_text("00000000-d2d6-4fe3-86c6-3431b6e3afb5\n")
    assert Kernel(proc).own().place != before.place
    assert not Kernel(proc).is_dead(replace(before, pid=2**22))


def test_another_namespace_of_numbers_is_another_place():
    told = tells("unshare", "--pid", "--fork", "--mount-proc")
    assert told.startswith("Process(pid=1,")
    assert repr(Kernel().own().place) not in told


def test_the_outer_proc_tells_a_process_of_an_inner_namespace_nothing():
    assert tells("unshare", "--pid", "--fork") == "None"


def test_another_namespace_of_time_is_another_place_because_it_tells_other_beginnings():
    assert repr(Kernel().own().place) not in tells("unshare", "--time", "--fork", "--boottime", "1000")


def _until(so):
    deadline = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.005)
