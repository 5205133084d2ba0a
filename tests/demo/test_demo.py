"""The demo as people run it: it succeeds, and it cleans up, also when it is interrupted."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.parts.ollama import REPOSITORY

pytestmark = [pytest.mark.ollama, pytest.mark.usefixtures("ollama", "smollm2")]
OLLAMA = re.compile(r"A real Ollama \S+ at (http://127\.0\.0\.1:\d+)")


def _start(folder: Path) -> subprocess.Popen[str]:
    """Start the demo as a terminal would, in a process group of its own, with its temporary files in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.demo"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _is_gone(url: str) -> bool:
    try:
        urlopen(f"{url}/api/version", timeout=2).close()
    except URLError:
        return True
    return False


def test_the_story_is_true(tmp_path: Path) -> None:
    with _start(tmp_path) as demo:
        output, _ = demo.communicate()

    assert demo.returncode == 0, output
    assert re.search(r"Proven in \d+ s on Ollama .* 20 steps, \d+ facts checked", output.splitlines()[-1])
    assert _is_gone(OLLAMA.search(output)[1])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_an_interrupted_demo_leaves_nothing_behind(how: signal.Signals, tmp_path: Path) -> None:
    with _start(tmp_path) as demo:
        seen = ""
        for line in demo.stdout:
            seen += line
            if line.startswith("$ reconciler apply"):
                break
        os.killpg(demo.pid, how) if how is signal.SIGINT else demo.send_signal(how)
        seen += demo.stdout.read()

    assert demo.returncode == 130, seen
    assert "Interrupted" in seen.splitlines()[-1]
    assert _is_gone(OLLAMA.search(seen)[1])
    assert list(tmp_path.iterdir()) == []
