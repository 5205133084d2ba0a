"""What `make bench` reports is what was measured."""

import pytest

from tests.bench.__main__ import line
from tests.bench.measure import Row, in_turns


def test_both_ways_are_gone_in_turns_and_the_first_time_does_not_count() -> None:
    seen: list[str] = []
    times = in_turns(lambda: seen.append("ours"), lambda: seen.append("theirs"), 2, lambda: seen.append("between"))
    assert seen == ["between", "ours", "between", "theirs"] * 3
    assert all(0 <= seconds < 1 for seconds in times)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            Row("1", "plan", "the loop", 0.25, 5.0, "≤ 1/20", reached=True),
            "| 1 | plan | 250 ms | the loop | 5.0 s | 1/20 | ≤ 1/20 |",
        ),
        (
            Row("5", "import", "ollama create", 1.5, 1.2, "≤ 0.85", reached=False),
            "| 5 | import | 1.5 s | ollama create | 1.2 s | 1.25 | ≤ 0.85 (not reached) |",
        ),
        (
            Row("4", "requests", "what is needed", 52, 52, "= 1", reached=True, unit="requests"),
            "| 4 | requests | 52 | what is needed | 52 | 1.00 | = 1 |",
        ),
    ],
)
def test_a_row_is_told_with_its_ratio(row: Row, said: str) -> None:
    assert line(row) == said
