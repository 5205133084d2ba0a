"""What a terminal gets: colours where it shows them, lines that fit, letters that it has; and what a pipe gets."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from reconciler.cli.screen import colours, plain
from reconciler.report.text import width
from tests.conftest import REPOSITORY
from tests.manifests import model, tune

PAINT = re.compile(r"\x1b\[\d*m")
NAME = "a-name-that-is-as-long-as-names-of-models-become-in-practice-and-longer:q4_k_m"
COMMANDS = (
    ("plan",),
    ("status",),
    ("doctor",),
    ("registry", "history"),
    ("check", "./manifests/tiny.gguf"),
)


def shown(words: tuple[str, ...], columns: int, folder: Path, **environ: str) -> str:
    """Return all that a command writes to a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", **environ}
    command = [sys.executable, "-m", "reconciler", *words]
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 1 << 16):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    os.close(master)
    process.wait()
    return seen.decode().replace("\r\n", "\n")


def piped(words: tuple[str, ...], folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", **environ}
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *words], cwd=folder, env=env, check=False, capture_output=True
    )


@pytest.fixture
def yard(reconciler, folder: Path, host) -> Path:
    """Return a folder of which one model is applied and the others are not."""
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    model(folder, NAME, seed=1)
    tune(folder, "bot", "tiny", "system: Später — 後で.")
    return folder.parent


@pytest.mark.parametrize(("columns", "commands"), [(40, COMMANDS), (80, COMMANDS[:1]), (200, COMMANDS[:1])])
def test_lines_fit_and_names_stay_whole(yard, columns, commands):
    for words in commands:
        for line in PAINT.sub("", shown(words, columns, yard)).splitlines():
            assert width(line) <= columns or len(line.split()) <= 2, (words, line)
    assert f" {NAME}" in shown(("plan",), columns, yard)


def test_a_pipe_gets_every_line_as_it_is_without_colours(yard):
    told = piped(("plan",), yard, COLUMNS="40").stdout.decode()
    assert "\x1b" not in told
    assert any(width(line) > 80 for line in told.splitlines())


SEEN = [
    ({}, True),
    ({"NO_COLOR": "1"}, False),
    ({"NO_COLOR": "anything"}, False),
    ({"NO_COLOR": ""}, True),
    ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ({"CLICOLOR": "0"}, False),
    ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
    ({"TERM": "dumb"}, False),
    ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
]
PIPED = [
    ({}, False),
    ({"FORCE_COLOR": "1"}, True),
    ({"FORCE_COLOR": ""}, False),
    ({"CLICOLOR_FORCE": "1"}, True),
    ({"CLICOLOR_FORCE": "0"}, False),
]


@pytest.mark.parametrize(("environ", "wanted"), SEEN)
def test_a_terminal_gets_colours_unless_somebody_says_no(environ, wanted):
    assert colours(environ, terminal=True) is wanted


@pytest.mark.parametrize(("environ", "wanted"), PIPED)
def test_a_pipe_gets_colours_only_where_somebody_asks(environ, wanted):
    assert colours(environ, terminal=False) is wanted


def test_colours_reach_where_they_are_wanted_and_no_other_place(yard):
    assert "\x1b[32m" in shown(("status",), 80, yard)
    assert "\x1b[" not in shown(("status",), 80, yard, NO_COLOR="yes, please")
    assert b"\x1b[32m" in piped(("status",), yard, FORCE_COLOR="1").stdout
    assert b"\x1b[" not in piped(("--no-color", "status"), yard, FORCE_COLOR="1").stdout


LOCALES = [
    ({}, False),
    ({"LANG": "de_DE.UTF-8"}, False),
    ({"LANG": "C"}, True),
    ({"LANG": "POSIX"}, True),
    ({"LANG": "C.UTF-8"}, False),
    ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),  # the second is what Python made of it
    ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, False),
    ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, True),
    ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, False),
    ({"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, False),
    ({"LC_ALL": "C", "PYTHONUTF8": "1"}, False),
]


@pytest.mark.parametrize(("environ", "wanted"), LOCALES)
def test_ascii_is_for_those_who_ask_for_it(environ, wanted):
    assert plain(environ) is wanted


def test_a_terminal_without_these_letters_gets_others(yard):
    usual = {"LANG": "C.UTF-8", "LC_ALL": "", "LC_CTYPE": ""}
    told = shown(("doctor",), 80, yard, **{**usual, "LANG": "C"})
    assert told.isascii()
    assert "v\x1b[0m manifests" in told
    plan = shown(("plan",), 200, yard, **{**usual, "LC_ALL": "POSIX"})
    assert plan.isascii()
    assert "(none) -> 'Sp\\xe4ter - \\u5f8c\\u3067.'" in plan


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_pipe_without_these_letters_gets_others_and_no_traceback(yard, encoding):
    told = piped(("plan",), yard, PYTHONIOENCODING=encoding)
    assert (told.returncode, told.stderr) == (0, b"")
    sp = "Sp\\xe4ter" if encoding == "ascii" else "Später"
    assert f"(none) -> '{sp} - \\u5f8c\\u3067.'" in told.stdout.decode(encoding)


def test_a_file_that_is_printed_keeps_its_letters(yard):
    told = piped(("export", "--modelfile", "bot"), yard, PYTHONIOENCODING="ascii")
    assert "Später — 後で." in told.stdout.decode()
