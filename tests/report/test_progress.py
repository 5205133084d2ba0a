"""Bars on a real (pseudo) terminal: drawn, moved, taken away, and the cursor always given back."""

import os
import pty
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.report.progress import LiveProgress

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def terminal(monkeypatch):
    """Return a terminal to write to, and a function that closes it and returns everything that was written."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    ours, theirs = pty.openpty()
    said = []

    def listen():
        try:
            while piece := os.read(ours, 65536):
                said.append(piece)
        except OSError:  # how Linux says that the other end is closed
            pass

    reader = threading.Thread(target=listen)
    reader.start()
    stream = open(theirs, "w", encoding="utf-8")  # noqa: PTH123, SIM115

    def everything():
        if not stream.closed:
            stream.close()
            reader.join(10)
            os.close(ours)
        return b"".join(said).decode()

    yield stream, everything
    everything()


class Log:
    """A log that keeps what it is told."""

    def __init__(self, kept, facts=None):
        self.kept, self.facts = kept, facts or {}

    def bind(self, **facts):
        return Log(self.kept, {**self.facts, **facts})

    def event(self, level, name, **facts):
        self.kept.append((level, name, {**self.facts, **facts}))

    def progress(self, *_):
        raise AssertionError("bars show the progress")

    finished = progress


def test_a_bar_shows_bytes_and_is_taken_away(terminal):
    stream, everything = terminal
    with LiveProgress(stream) as progress:
        progress.progress("pull m", "downloading", 0, 98_400_000)
        progress.progress("pull m", "downloading", 49_200_000, 98_400_000)
        progress._screen.refresh()
        progress.progress("pull m", "verifying", 1, 0)
        progress._screen.refresh()
        progress.finished("pull m")
        progress.finished("never begun")
    said = everything()
    assert "pull m  downloading" in said
    assert "49.2/98.4 MB" in said
    assert "pull m  verifying" in said
    assert said.index(HIDE) < said.rindex(SHOW)


def test_a_phase_without_bytes_shows_no_bytes(terminal):
    stream, everything = terminal
    with LiveProgress(stream) as progress:
        progress.progress("gpu/bot:latest", "gathering model components", 0, 0)
        progress._screen.refresh()
    said = everything()
    assert "gpu/bot:latest  gathering model components" in said
    assert "?" not in re.sub(r"\x1b\[\?", "", said)
    assert "bytes" not in said


@pytest.mark.parametrize("columns", ["60", "80", "100"])
def test_a_long_name_is_cut_and_stays_on_one_line(terminal, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    stream, everything = terminal
    with LiveProgress(stream) as progress:
        progress.progress("default/" + "very-long-" * 20, "downloading", 49_200_000, 98_400_000)
        progress._screen.refresh()
        screen = progress._screen
        lines = screen.console.render_lines(screen.get_renderable())
    everything()
    (line,) = ["".join(segment.text for segment in segments) for segments in lines]
    assert "default/ver" in line
    assert "49.2/98.4 MB" in line
    if columns != "60":
        assert "…  downloading " in line


def test_a_terminal_without_letters_gets_bars_of_ascii(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    stream, everything = terminal
    stream.reconfigure(encoding="ascii")
    with LiveProgress(stream) as progress:
        progress.progress("default/" + "very-long-" * 20, "downloading", 49_200_000, 98_400_000)
        progress._screen.refresh()
    assert re.search(r"[-\\|/].* default/v\S*~  downloading", everything())


def test_the_cursor_comes_back_whatever_happens(terminal):
    stream, everything = terminal

    def interrupted():
        with LiveProgress(stream) as progress:
            progress.progress("m", "downloading", 1, 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert everything().rindex(SHOW) > 0


def test_lines_are_written_above_the_bars_as_they_are(terminal):
    stream, everything = terminal
    line = "2026-11-22T15:04:05Z info    [bold]seen[/bold] :smile: " + "x" * 200
    with LiveProgress(stream) as progress:
        progress.write("before")
        progress.progress("m", "downloading", 1, 2)
        progress.write(line)
        progress.finished("m")
    said = everything()
    assert said.startswith("before\r\n")
    assert line in said


def test_a_hostile_task_is_harmless(terminal):
    stream, everything = terminal
    with LiveProgress(stream) as progress:
        progress.progress("m\x1b]0;owned\x07 [red]x", "p\u202e", 1, 2)
        progress.progress("m\x1b]0;owned\x07 [red]x", "q\u202e", 1, 2)
        progress._screen.refresh()
    said = everything()
    assert "\x1b]0;" not in said
    assert "\u202e" not in said
    assert r"m\x1b]0;owned\x07 [red]x  p\u202e" in said


def test_nothing_is_drawn_where_nothing_moves(terminal):
    stream, everything = terminal
    with LiveProgress(stream) as progress:
        progress.write("only this")
    assert everything() == "only this\r\n"


def test_threads_may_share_it(terminal):
    stream, everything = terminal

    def work(number):
        for done in range(20):
            progress.progress(f"task {number}", "downloading" if done < 10 else "checking", done, 20)
        progress.write(f"line {number}.")
        progress.finished(f"task {number}")

    with LiveProgress(stream) as progress, ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    said = everything()
    assert {int(number) for number in re.findall(r"line (\d+)\.", said)} == set(range(16))


def test_events_go_to_the_log_and_progress_to_the_bars(terminal):
    stream, everything = terminal
    kept = []
    with LiveProgress(stream) as progress:
        listener = progress.over(Log(kept)).bind(host="a").bind(model="m")
        listener.event("info", "model_pulled", bytes=7)
        listener.progress("t", "downloading", 1, 2)
        listener.finished("t")
    assert kept == [("info", "model_pulled", {"host": "a", "model": "m", "bytes": 7})]
    assert HIDE in everything()


def test_rich_is_imported_only_when_something_moves():
    code = (
        "import io, sys\n"
        "from reconciler.report.progress import LiveProgress\n"
        "with LiveProgress(io.StringIO()) as progress:\n"
        "    progress.write('x')\n"
        "    print('rich' in sys.modules)\n"
        "    progress.progress('t', 'p', 1, 2)\n"
        "    print('rich' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "False\nTrue\n"
