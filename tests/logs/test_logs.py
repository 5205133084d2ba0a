"""Logs: which events become lines, how they look, and what never gets into them."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.logs import LEVELS, configure


class HandClock:
    """A clock that is turned by hand."""

    seconds = 0.0

    def now(self):
        return "2026-11-22T15:04:05.678Z"

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds


def written(act, level="debug", format="text", secrets=()):
    lines = []
    act(configure(level, format, lines.append, HandClock(), secrets))
    return lines


def test_text_is_time_level_event_and_facts():
    assert written(lambda log: log.bind(host="a").event("info", "model_pulled", model="b:latest", bytes=7)) == [
        "2026-11-22T15:04:05Z info    model_pulled host=a model=b:latest bytes=7"
    ]


def test_json_has_the_same_in_one_object():
    (line,) = written(lambda log: log.bind(run="r").event("warning", "slow", host="ü", tries=2, ok=None), format="json")
    assert list(json.loads(line).items()) == [
        ("timestamp", "2026-11-22T15:04:05.678Z"),
        ("level", "warning"),
        ("event", "slow"),
        ("run", "r"),
        ("host", "ü"),
        ("tries", 2),
        ("ok", None),
    ]
    assert line.isascii()


@pytest.mark.parametrize("level", LEVELS)
def test_less_important_events_are_left_out(level):
    lines = written(lambda log: [log.event(name, f"{name}_happened") for name in LEVELS], level=level)
    assert [line.split()[1] for line in lines] == list(LEVELS[LEVELS.index(level) :])


def test_bind_makes_a_new_listener():
    def act(log):
        log.bind(host="a").bind(model="m").event("info", "one")
        log.bind(host="b").event("info", "two", host="c")
        log.event("info", "three")

    assert [line.split(None, 2)[2] for line in written(act)] == ["one host=a model=m", "two host=c", "three"]


def test_facts_named_like_the_head_do_not_change_the_head():
    (line,) = written(lambda log: log.bind(event="x", level="y", timestamp="z").event("info", "real"), format="json")
    assert json.loads(line) == {"timestamp": "2026-11-22T15:04:05.678Z", "level": "info", "event": "real"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain/name:tag", "plain/name:tag"),
        ("", '""'),
        ("two words", '"two words"'),
        ('say "x"', r'"say \"x\""'),
        ("a=b", '"a=b"'),
        ("größer", "größer"),
        ("red \x1b[31m", r'"red \u001b[31m"'),
        ("a\nFAKE error", r'"a\nFAKE error"'),
        ("rtl\u202egnp", r'"rtl\u202egnp"'),
        ("c1\x9b2J\x7f", r'"c1\u009b2J\u007f"'),
        ("half \udcff", r'"half \udcff"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (("a", 1), "\"('a', 1)\""),
        (ValueError("no\x07"), r'"no\u0007"'),
    ],
)
def test_values_are_shown_so_that_no_terminal_or_reader_is_fooled(value, shown):
    (line,) = written(lambda log: log.event("info", "seen", value=value))
    assert line.partition(" value=")[2] == shown


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("secret", ["hf_abcdef", 'quo"te\\back', "two words", "neu\u00e9\n"])
def test_a_secret_is_in_no_line(format, secret):
    def act(log):
        bound = log.bind(bound=f"x{secret.strip()}y")
        bound.event("error", f"failed_{secret}", error=OSError(f"401 for {secret}"), parts=(secret.strip(),))
        bound.progress(f"pull {secret}", secret, 1, 2)
        bound.finished(f"pull {secret}")

    lines = written(act, format=format, secrets=["", secret, "hf_"])
    escaped = (json.dumps(secret.strip())[1:-1], json.dumps(secret.strip(), ensure_ascii=False)[1:-1])
    assert len(lines) == 2
    for line in lines:
        assert "***" in line
        assert not any(form in line for form in (secret.strip(), *escaped))


def test_the_longer_of_two_secrets_goes_first():
    (line,) = written(lambda log: log.event("info", "x", v="abcdef"), secrets=["abc", "abcdef"])
    assert line.endswith("v=***")


def test_progress_is_told_now_and_then_and_at_the_end():
    lines = []
    clock = HandClock()
    log = configure("info", "text", lines.append, clock).bind(host="a")
    for second in range(25):
        clock.seconds = float(second)
        log.progress("pull m", "downloading", second * 10, 240)
        log.progress("other", "hashing", second, 0)
    log.finished("pull m")
    log.finished("pull m")
    log.finished("never seen")
    told = [line.split(None, 2)[2] for line in lines]
    assert [line for line in told if "pull" in line] == [
        f'progress host=a task="pull m" phase=downloading done={done} total=240 percent={done * 100 // 240}'
        for done in (100, 200, 240)
    ]
    assert [line.split("done=")[1] for line in told if "other" in line] == [
        "10",
        "20",
    ]  # no bytes to count: told only if it lasts


def test_a_short_task_is_one_line_at_its_end():
    def act(log):
        for done in (0, 3_000_000, 5_000_000):
            log.progress("t", "uploading", done, 5_000_000)
        log.progress("t", "creating", 0, 0)
        log.finished("t")
        log.finished("t")

    assert [line.split(None, 2)[2] for line in written(act)] == [
        "progress task=t phase=uploading done=5000000 total=5000000 percent=100"
    ]


def test_a_short_task_of_a_few_bytes_is_told_to_those_who_want_to_know_everything():
    def act(log):
        log.progress("t", "uploading", 27, 27)
        log.finished("t")

    assert (len(written(act, level="info")), len(written(act, level="debug"))) == (0, 1)


@pytest.mark.parametrize("total", [0, 98])
def test_what_moves_nothing_and_is_quick_is_no_line(total):
    def act(log):
        for phase in ("pulling manifest", "verifying", "success"):
            log.progress("t", phase, 0, total)
        log.finished("t")

    assert written(act) == []


def test_a_line_that_was_written_is_not_written_again_at_the_end():
    lines = []
    clock = HandClock()
    log = configure("info", "text", lines.append, clock)
    log.progress("t", "downloading", 1, 9)
    clock.seconds = 10.0
    log.progress("t", "downloading", 9, 9)
    log.finished("t")
    assert len(lines) == 1


def test_progress_is_info():
    def act(log):
        log.progress("t", "p", 1_000_000, 2_000_000)
        log.finished("t")

    assert written(act, level="warning") == []
    assert len(written(act, level="info")) == 1


def test_threads_write_whole_lines_one_at_a_time():
    inside, most = [0], [0]

    def write(_line):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.0002)
        inside[0] -= 1

    log = configure("info", "json", write, HandClock())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.bind(number=number).event("info", "x"), range(200)))
    assert most == [1]


def test_structlog_is_imported_only_for_a_line_that_is_written():
    code = (
        "import sys; from reconciler.logs import configure\n"
        "from tests.logs.test_logs import HandClock\n"
        "log = configure('warning', 'text', print, HandClock()).bind(a=1)\n"
        "log.event('info', 'x'); log.progress('t', 'p', 1, 2); log.finished('t')\n"
        "print('structlog' in sys.modules)\n"
        "log.event('error', 'y')\n"
        "print('structlog' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == ["False", "2026-11-22T15:04:05Z error   y a=1", "True"]
