"""Where nothing is done, it is said: at the prompt, and for a plan that is stale."""

import os
import pty
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from tests.faults.places import files_on_fake

CTRL_D = b"\x04"


@pytest.fixture
def scene(tmp_path):
    with files_on_fake(tmp_path, None) as made:
        yield made


@contextmanager
def at_the_prompt(scene):
    """Give an apply that asks, and the terminal to answer it at."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "reconciler", "--registry", f"sqlite://{scene.registry}"]
    with subprocess.Popen(
        [*command, "apply", str(scene.manifests)], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        said = b""
        while b"Apply this?" not in said:
            said += os.read(process.stderr.fileno(), 1000)
        try:
            yield process, ours
        finally:
            process.kill()
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("way", ["Ctrl-C", "Ctrl-D"])
def test_leaving_the_prompt_says_that_nothing_was_done(scene, way):
    with at_the_prompt(scene) as (process, terminal):
        err = _left(process, terminal, way)
    assert process.returncode == 130
    assert "nothing was done" in err.decode()
    assert "Traceback" not in err.decode()
    assert scene.answers() == "old"


def _left(process, terminal, way):
    """Leave the prompt, again and again as people do, and return what was said: a signal may come before it reads."""
    for _ in range(20):
        process.send_signal(signal.SIGINT) if way == "Ctrl-C" else os.write(terminal, CTRL_D)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=2)[1]
    return b""


def test_a_plan_that_was_approved_is_not_made_anew_behind_the_back_of_whoever_did(scene):
    with at_the_prompt(scene) as (process, terminal):
        assert scene.apply().good  # somebody else
        os.write(terminal, b"yes\n")
        err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 3, err
    assert "somebody else applied" in err
    assert "planned_anew" not in err


def test_a_saved_plan_that_is_stale_is_refused_with_3(scene, tmp_path):
    saved = str(tmp_path / "plan.json")
    common = [sys.executable, "-m", "reconciler", "--registry", f"sqlite://{scene.registry}"]
    subprocess.run([*common, "plan", str(scene.manifests), "--out", saved], check=True, capture_output=True)
    assert scene.apply().good
    stale = subprocess.run([*common, "apply", saved], capture_output=True, text=True, check=False)
    assert stale.returncode == 3, stale.stderr
    assert "plan again" in stale.stderr
