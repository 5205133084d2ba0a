"""Lines on terminals of every width: nothing is lost, no word is broken, and what fits is not touched."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.compatibility import judge
from reconciler.report.compatibility import check_text
from reconciler.report.fold import NARROWEST, Whole, folded, laid_out
from reconciler.report.lock import lock_text
from reconciler.report.paint import Colour, Paint
from reconciler.report.terminal import diff_text, history_text, plan_text, registry_text, run_text, status_text
from reconciler.report.text import safe, width
from tests.report.cases import HISTORY, PLANS, RECORDS, RUNS
from tests.report.diff_cases import DIFFS
from tests.report.lock_cases import LOCKS
from tests.report.test_compatibility import REPO
from tests.report.test_golden import check

KEPT = Path(__file__).parent / "widths"
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def plain(line):
    return line.replace("\x1b[0m", "").replace("\x1b[33m", "")


LINES = [
    ("fits", 40, ["fits"]),
    ("  + name  import  the words of a reason", 30, ["  + name  import  the words of", "          a reason"]),
    ("  + a-name-that-is-long  import  why", 31, ["  + a-name-that-is-long  import", "      why"]),
    (f"  ~ {'x' * 40}  build", 30, [f"  ~ {'x' * 40}", "      build"]),
    ("      hint: do this and then do that", 30, ["      hint: do this and then", "          do that"]),
    ("one two three four five 98.4 MB", 28, ["one two three four five", "    98.4 MB"]),
    ("漢字漢字 漢字漢字 漢字漢字", 20, ["漢字漢字 漢字漢字", "    漢字漢字"]),
    ("one two three four five six", NARROWEST - 1, ["one two three four five six"]),
    ("one two three four five six", 0, ["one two three four five six"]),
    (Whole("one two three four five six"), 20, ["one two three four five six"]),
]


@pytest.mark.parametrize(("line", "columns", "wanted"), LINES)
def test_a_line_goes_on_below(line, columns, wanted):
    assert list(folded(line, columns)) == wanted


def test_a_colour_goes_on_below_and_ends_with_each_line():
    line = Paint(wanted=True)(Colour.YELLOW, "  ~ name  one two three four")
    assert list(folded(line, 22)) == [
        "\x1b[33m  ~ name  one two\x1b[0m",
        "          \x1b[33mthree four\x1b[0m",
    ]
    assert list(folded(f"  {Paint(wanted=True)(Colour.YELLOW, '!')} name  one two three four", 22)) == [
        "  \x1b[33m!\x1b[0m name  one two",
        "          three four",
    ]


@given(line=WORDS.map(safe), columns=st.integers(0, 40), painted=st.booleans())
def test_nothing_is_lost_and_what_can_fit_fits(line, columns, painted):
    pieces = list(folded(Paint(painted)(Colour.YELLOW, line), columns))
    assert "".join("".join(map(plain, pieces)).split()) == "".join(line.split())
    if columns >= NARROWEST and len(pieces) > 1:
        for piece in map(plain, pieces):
            assert width(piece) <= columns or len(piece.split()) <= 2
    assert painted is False or all(piece.count("\x1b[33m") == piece.count("\x1b[0m") for piece in pieces)


def test_a_document_is_folded_line_by_line():
    assert laid_out(["one two three four five", "", "x"], 20) == "one two three four\n    five\n\nx\n"


TEXTS = {
    "plan_everything": lambda columns: plan_text(PLANS["everything"], colour=False, columns=columns),
    "plan_hostile": lambda columns: plan_text(PLANS["hostile"], colour=False, columns=columns),
    "plan_outdated": lambda columns: plan_text(PLANS["outdated"], colour=False, columns=columns),
    "run": lambda columns: "".join(run_text(run, colour=False, columns=columns) for run in RUNS.values()),
    "status_everything": lambda columns: status_text(PLANS["everything"], colour=False, columns=columns),
    "registry": lambda columns: registry_text(RECORDS, columns),
    "history": lambda columns: history_text(*HISTORY, columns),
    "lock": lambda columns: lock_text(LOCKS, colour=False, columns=columns),
    "check": lambda columns: check_text(REPO, judge(REPO), colour=False, columns=columns),
    "diff": lambda columns: diff_text(DIFFS["several_hosts"], colour=False, columns=columns),
}


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("name", TEXTS)
def test_text_is_as_kept_at_every_width(name, columns):
    file, text = f"{name}.{columns}.txt", TEXTS[name](columns)
    check(file, text, KEPT)
    assert "".join(text.split()) == "".join(TEXTS[name](0).split())


@pytest.mark.parametrize("name", TEXTS)
def test_a_wide_terminal_shows_what_a_file_holds(name):
    assert TEXTS[name](1000) == TEXTS[name](0)


def test_no_kept_text_is_left_over():
    assert {path.name for path in KEPT.iterdir()} == {f"{name}.{columns}.txt" for name in TEXTS for columns in (40, 80)}
