"""What is known of a download's pieces: what has arrived in whatever order, and what a killed process left."""

from pathlib import Path

import pytest

from reconciler.sources._files.pieces import PIECE, PieceList, Pieces

SIZE = 3 * PIECE + 10


def pieces(*spans: tuple[int, int]) -> Pieces:
    made = Pieces(SIZE)
    for place, count in spans:
        made.add(place, count)
    return made


def test_nothing_is_there_at_first_and_all_of_it_at_last() -> None:
    assert list(pieces().gaps()) == [(0, PIECE), (PIECE, 2 * PIECE), (2 * PIECE, 3 * PIECE), (3 * PIECE, SIZE)]
    done = pieces((0, SIZE))
    assert (done.front, done.missing, list(done.gaps())) == (SIZE, 0, [])
    assert done.begun == [(0, PIECE), (1, PIECE), (2, PIECE), (3, 10)]
    assert (Pieces(0).front, Pieces(0).missing, list(Pieces(0).gaps())) == (0, 0, [])


def test_the_front_moves_over_what_came_before_its_time() -> None:
    some = pieces((PIECE, PIECE), (2 * PIECE, 5))
    assert (some.front, some.begun, some.arrived) == (0, [(1, PIECE), (2, 5)], PIECE + 5)
    assert list(some.gaps()) == [(0, PIECE), (2 * PIECE + 5, 3 * PIECE), (3 * PIECE, SIZE)]

    assert some.add(0, PIECE - 1) == []
    assert some.front == PIECE - 1
    assert some.add(PIECE - 1, 1) == [(0, PIECE)]
    assert some.front == 2 * PIECE + 5


def test_what_comes_twice_counts_once_and_what_is_behind_the_end_not_at_all() -> None:
    some = pieces((0, 100), (50, 100), (0, 10))
    assert (some.front, some.arrived) == (150, 150)
    assert pieces((0, SIZE + 1000)).arrived == SIZE


def test_a_file_larger_than_any_disk_takes_no_memory() -> None:
    some = Pieces(1 << 62)
    some.add(0, PIECE)
    assert next(some.gaps()) == (PIECE, 2 * PIECE)
    assert some.missing == (1 << 62) - PIECE


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = PieceList(tmp_path / "a.pieces")
    assert (kept.there, kept.read()) == (False, [])
    kept.begin([(0, PIECE), (2, 7)])
    kept.add([(5, PIECE)])
    kept.add([])
    assert (kept.there, kept.read()) == (True, [(0, PIECE), (2, 7), (5, PIECE)])
    kept.drop()
    kept.drop()
    assert not kept.there


@pytest.mark.parametrize(
    "text", ["", "17\n1 1\n", f"{PIECE}\n1 1\nx y\n", f"{PIECE}\n1\n", "\x00\x00\n", f"{PIECE}", "\u00e9\n"]
)
def test_a_list_that_says_something_else_says_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.pieces"
    path.write_text(text, encoding="utf-8")
    assert PieceList(path).read() == []


def test_a_line_that_was_cut_off_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.pieces"
    path.write_text(f"{PIECE}\n1 {PIECE}\n1 1")
    assert PieceList(path).read() == [(1, PIECE)]
