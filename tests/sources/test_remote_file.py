"""A file on a hub, read like an open one: whatever is read is what is there, and little else is fetched."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SourceUnavailable
from reconciler.sources._files.remote_file import RemoteFile, part

CONTENT = bytes(range(251)) * 4000  # a million bytes, of which no two neighbours at a distance of 251 differ


class Answer:
    """What a hub sends, a piece at a time, and how much of it was taken."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status, self._content, self.taken = status, content, 0

    def chunks(self) -> Iterator[bytes]:
        for place in range(0, len(self._content), 1000):
            piece = self._content[place : place + 1000]
            self.taken += len(piece)
            yield piece


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 400_000), st.integers(0, 1 << 16)), max_size=20))
def test_reading_and_skipping_give_what_is_there(steps: list[tuple[bool, int, int]]) -> None:
    fetched: list[tuple[int, int]] = []

    def fetch(start: int, count: int) -> bytes:
        fetched.append((start, count))
        return CONTENT[start : start + count]

    file, place = RemoteFile(fetch, len(CONTENT)), 0
    for skips, wanted, back in steps:
        size = min(wanted, len(CONTENT) - place)
        if skips:
            file.seek(size, 1)
        else:
            assert file.read(wanted) == CONTENT[place : place + wanted]
            file.seek(-min(back, size), 1)  # what was just read is still there
            size -= min(back, size)
        place += size
        assert file.tell() == place
    ends = [start + count for start, count in fetched]
    assert all(start >= end for (start, _), end in zip(fetched[1:], ends[:-1], strict=True))  # no byte twice


def test_blocks_grow_while_one_reads_on() -> None:
    counts: list[int] = []

    def fetch(start: int, count: int) -> bytes:
        counts.append(count)
        return b"x" * count

    file = RemoteFile(fetch, 1 << 24)
    while file.read(1000):
        pass
    assert [count >> 18 for count in counts] == [1, 2, 4, 8, 16, 16, 16, 1]


def test_more_than_any_header_has_is_not_fetched() -> None:
    file = RemoteFile(lambda start, count: b"x" * count, 1 << 40)
    assert len(file.read(60 << 20)) == 60 << 20
    with pytest.raises(SourceUnavailable, match="longer than 64 MiB"):
        file.read(5 << 20)


def test_a_hub_that_sends_less_than_it_said_is_no_endless_loop() -> None:
    with pytest.raises(SourceUnavailable, match="sent less"):
        RemoteFile(lambda start, count: b"", 100).read(10)


@pytest.mark.parametrize(("status", "sent"), [(206, CONTENT[5000:7000]), (200, CONTENT)])
def test_a_part_is_the_same_whether_or_not_the_hub_knows_ranges(status: int, sent: bytes) -> None:
    answer = Answer(status, sent)
    assert part(answer, 5000, 2000) == CONTENT[5000:7000]  # type: ignore[arg-type]  # all that it uses of a Stream
    assert answer.taken <= 7000


def test_a_whole_file_is_not_read_through_for_a_part_far_inside() -> None:
    answer = Answer(200, CONTENT)
    with pytest.raises(SourceUnavailable, match="as a whole only"):
        part(answer, 1 << 30, 10)  # type: ignore[arg-type]
    assert answer.taken == 0
