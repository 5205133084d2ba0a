"""Progress lines: what counts as a success, and what people see on the way."""

import pytest

from reconciler.errors import HostRejected
from reconciler.hosts.stream import follow, parsed

SUCCESS = {"status": "success"}
HEX = "f" * 64


def seen(lines: list[dict[str, object]], expected: int = 0) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    follow(lines, lambda *now: found.append(now), expected)
    return found


def test_layers_are_added_up() -> None:
    lines: list[dict[str, object]] = [
        {"status": "pulling manifest"},
        {"status": "pulling aaaaaaaaaaaa", "digest": "sha256:a", "total": 100},
        {"status": "pulling aaaaaaaaaaaa", "digest": "sha256:a", "total": 100, "completed": 100},
        {"status": "pulling bbbbbbbbbbbb", "digest": "sha256:b", "total": 10, "completed": 5},
        {"status": "verifying sha256 digest"},
        SUCCESS,
    ]
    assert seen(lines, expected=110) == [
        ("pulling", 0, 110),
        ("pulling", 0, 110),
        ("pulling", 100, 110),
        ("pulling", 105, 110),
        ("verifying sha256 digest", 105, 110),
        ("success", 105, 110),
    ]


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("parsing GGUF", "parsing GGUF"),
        (f"using existing layer sha256:{HEX}", "using existing layer"),
        ("quantizing F16 model to Q4_K_M", "quantizing F16 model to Q4_K_M"),
        ("\x1b[2Jsneaky\r\n\x07", "sneaky"),
        ("", ""),
        ("x" * 1000, "x" * 299 + "…"),
    ],
)
def test_phase_is_fit_to_print(status: str, phase: str) -> None:
    assert seen([{"status": status}, SUCCESS])[0] == (phase, 0, 0)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"status": "writing manifest"}],
        [SUCCESS, {"status": "removing unused layers"}],
        [{"status": "Success"}],
        [{"status": None}],
        [{"success": True}],
    ],
)
def test_only_a_last_line_that_says_success_is_one(lines: list[dict[str, object]]) -> None:
    with pytest.raises(HostRejected, match="without success"):
        seen(lines)


@pytest.mark.parametrize("error", ["boom", "", None, {"message": "boom"}, 5])
def test_any_error_line_ends_it_even_before_a_success(error: object) -> None:
    with pytest.raises(HostRejected) as caught:
        seen([{"status": "x"}, {"error": error}, SUCCESS])
    assert caught.value.message
    assert "without success" not in caught.value.message


def test_counts_of_a_wrong_type_are_nought() -> None:
    assert seen([{"status": "x", "digest": "d", "total": "9", "completed": None}, SUCCESS])[0] == ("x", 0, 0)


def test_empty_lines_are_no_lines() -> None:
    assert list(parsed([b"", b' {"a":1} ', b"\r", b'{"b":2}'])) == [{"a": 1}, {"b": 2}]
