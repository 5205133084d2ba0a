"""What `make bench` reports is what was measured."""

import json

import pytest

from tests.bench.__main__ import LAST, README
from tests.bench.measure import Row, amount, at_most, by_meters, counted, in_turns
from tests.bench.table import figures, line, rows, section, table, with_section

PLAN = Row("1", "plan", "the loop", 0.25, 5.0, "≤ 1/20", reached=True)
IMPORT = Row("5", "import", "ollama create", 1.5, 1.2, "≤ 0.85", reached=False, rounds=3)
DOCUMENT = {
    "date": "2026-01-01",
    "machine": {"cores": 2, "cpu": "a CPU", "system": "Linux 6", "python": "3.11.7", "ollama": "0.9.3"},
    "rows": [figures(IMPORT), figures(PLAN)],
    "left_out": {"noop": "no nginx"},
}


def test_both_ways_are_gone_in_turns_and_the_first_time_does_not_count() -> None:
    seen: list[str] = []
    times = in_turns(lambda: seen.append("ours"), lambda: seen.append("theirs"), 2, lambda: seen.append("between"))
    assert seen == ["between", "ours", "between", "theirs"] * 3
    assert all(0 <= seconds < 1 for seconds in times)


def test_each_meter_has_medians_of_its_own() -> None:
    now = {"seconds": 0.0, "requests": 0.0}
    first_and_rounds = iter([100, 1, 5, 2])

    def ours() -> None:
        now["seconds"] += next(first_and_rounds)

    def theirs() -> None:
        now["requests"] += 7

    meters = (lambda: now["seconds"], lambda: now["requests"])
    assert by_meters(meters, (ours, theirs), 3) == [[2, 0], [0, 7]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (PLAN, "| 1 | plan | 250 ms | the loop | 5.0 s | 1/20 | ≤ 1/20 |"),
        (IMPORT, "| 5 | import | 1.5 s | ollama create | 1.2 s | 1.25 | ≤ 0.85 (not reached) |"),
        (
            counted("4", "asked", 52, 52, "requests", "what is needed", 52),
            "| 4 | asked | 52 requests | what is needed | 52 requests | 1.00 | ≤ 52 requests |",
        ),
        (counted("4", "shown", 0, 0, "requests"), "| 4 | shown | 0 requests | – | – | – | none |"),
        (
            counted("7", "peak", 2e8, 150e6, "B"),
            "| 7 | peak | 200 MB | – | – | – | ≤ 150 MB (not reached) |",
        ),
        (
            at_most(0.01, "6", "read", "by hand", (0, 1e9), "B"),
            "| 6 | read | 0 B | by hand | 1 GB | 0 | ≤ 1/100 |",
        ),
    ],
)
def test_a_row_is_told_with_its_ratio(row: Row, said: str) -> None:
    assert line(row) == said


@pytest.mark.parametrize(
    ("limit", "pair", "goal", "reached"),
    [
        (0.05, (1, 20), "≤ 1/20", True),
        (0.05, (1, 19), "≤ 1/20", False),
        (2.2, (22, 10), "≤ 2.2", True),
        (0.3, (4, 10), "≤ 0.3", False),
    ],
)
def test_a_goal_is_reached_or_not(limit: float, pair: tuple[float, float], goal: str, reached: bool) -> None:
    row = at_most(limit, "1", "", "", pair)
    assert (row.goal, row.reached) == (goal, reached)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0123, "s", "12 ms"),
        (12.34, "s", "12.3 s"),
        (999, "B", "999 B"),
        (24_672, "B", "24.7 kB"),
        (98_000_000, "B", "98 MB"),
        (1_050_000_000, "B", "1.05 GB"),
        (1_234, "requests", "1,234 requests"),
        (1, "requests", "1 request"),
    ],
)
def test_a_figure_reads_as_people_say_it(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said


def test_a_run_reads_back_as_it_was_kept() -> None:
    assert rows(json.loads(json.dumps(DOCUMENT))) == [IMPORT, PLAN]


def test_the_readme_shows_the_table_in_order_with_its_machine_and_what_was_left_out() -> None:
    said = section(DOCUMENT)
    assert said.startswith("2026-01-01, on 2 cores of a CPU, Linux 6, Python 3.11.7, Ollama 0.9.3.\n\n| # |")
    assert table([IMPORT, PLAN]).splitlines()[2:] == [line(PLAN), line(IMPORT)]
    assert said.endswith("\nnoop: no nginx.\n")


def test_only_what_is_between_the_marks_is_written_anew() -> None:
    before = "# Title\n<!-- bench: `make bench SAVE=1` writes this -->\nold\n<!-- bench: end -->\nrest\n"
    after = with_section(before, DOCUMENT)
    assert after == before.replace("old\n", section(DOCUMENT))
    assert with_section(after, DOCUMENT) == after
    with pytest.raises(ValueError, match="no place"):
        with_section("# Title\n", DOCUMENT)


def test_the_readme_shows_the_last_run_that_was_saved() -> None:
    readme = README.read_text(encoding="utf-8")
    assert with_section(readme, json.loads(LAST.read_text(encoding="utf-8"))) == readme
