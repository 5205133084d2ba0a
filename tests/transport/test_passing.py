"""Content that passes through memory: in order for each reader, no more of it at a time than the window holds."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

from reconciler.arrival import Reader
from reconciler.errors import Interrupted, SourceUnavailable
from reconciler.passing import _BLOCK, _WINDOW, Passing

SIZE = 2 * _WINDOW + 12345
CHUNK = 1 << 20


def content(place: int, count: int) -> bytes:
    return bytes([place // CHUNK % 251]) * count


def pour(arrival: Passing) -> None:
    arrival.begin()
    for place in range(0, SIZE, CHUNK):
        count = min(CHUNK, SIZE - place)
        arrival.write(place, content(place, count))
        arrival.reached(place + count)
    arrival.complete()


def rightly(reader: Reader, count: int) -> int:
    """Read to the end, and return how many bytes were what they should be."""
    right = 0
    while data := reader.read(count):
        place = reader.place - len(data)
        right += len(data) if data == content(place, len(data)) else 0
    return right


def expected(count: int) -> Passing:
    arrival = Passing(SIZE)
    for _ in range(count):
        arrival.expect()
    return arrival


def held(arrival: Passing) -> int:
    return sum(map(len, arrival._blocks.values()))


def test_every_reader_gets_all_of_it_at_its_own_pace() -> None:
    arrival = expected(3)

    def read(count: int) -> int:
        with arrival.open() as reader:
            return rightly(reader, count)

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(read, count) for count in (CHUNK, CHUNK // 4, CHUNK // 2)]
        pool.submit(pour, arrival).result(30)
        assert [future.result(30) for future in found] == [SIZE] * 3
    assert held(arrival) == 0


def test_a_reader_that_comes_while_another_one_leaves_gets_all_of_it_too() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            for _ in range(500):
                arrival = Passing(5)
                arrival.expect()
                arrival.expect()
                arrival.hold(b"whole")
                found = [pool.submit(whole, arrival) for _ in range(2)]
                assert [future.result(30) for future in found] == [b"whole"] * 2
    finally:
        sys.setswitchinterval(interval)


def test_nothing_is_lost_before_its_judge_has_come() -> None:
    arrival = expected(2)
    pouring = Thread(target=pour, args=(arrival,))
    pouring.start()
    with arrival.open() as host:
        early = rightly_up_to(host, _WINDOW)
        with arrival.open(unverified=True) as judge, ThreadPoolExecutor(1) as pool:
            judged = pool.submit(rightly, judge, CHUNK)
            assert (early + rightly(host, CHUNK), judged.result(30)) == (SIZE, SIZE)
    pouring.join(10)
    assert held(arrival) == 0


def rightly_up_to(reader: Reader, place: int) -> int:
    right = 0
    while reader.place < place:
        data = reader.read(CHUNK)
        right += len(data) if data == content(reader.place - len(data), len(data)) else 0
    return right


def whole(arrival: Passing) -> bytes:
    with arrival.open() as reader:
        return b"".join(iter(lambda: reader.read(CHUNK), b""))


def test_no_more_is_held_than_the_slowest_reader_needs() -> None:
    arrival = expected(2)
    pouring = Thread(target=pour, args=(arrival,))
    pouring.start()
    with arrival.open() as fast, arrival.open() as slow:
        while fast.place < _WINDOW:
            fast.read(CHUNK)
        pouring.join(0.2)
        assert pouring.is_alive()  # it waits
        assert held(arrival) <= _WINDOW
        most = 0
        while slow.place < SIZE:
            slow.read(CHUNK)
            if fast.place < slow.place + _WINDOW - _BLOCK:
                fast.read(CHUNK)
            most = max(most, held(arrival))
        assert most <= _WINDOW + _BLOCK
    pouring.join(10)
    assert not pouring.is_alive()


def test_nothing_is_lost_before_the_last_reader_has_come() -> None:
    arrival = expected(2)
    pouring = Thread(target=pour, args=(arrival,))
    pouring.start()
    with ThreadPoolExecutor(1) as pool, arrival.open() as first:
        early = pool.submit(rightly, first, CHUNK)
        pouring.join(0.1)
        with arrival.open() as second:
            assert rightly(second, CHUNK) == SIZE
        assert early.result(10) == SIZE
    pouring.join(10)


def test_whoever_brings_it_is_told_when_the_last_reader_has_left() -> None:
    arrival = expected(1)
    with ThreadPoolExecutor(1) as pool:
        pouring = pool.submit(pour, arrival)
        with arrival.open() as reader:
            reader.read(CHUNK)
        assert isinstance(pouring.exception(10), Interrupted)


def test_a_reader_that_leaves_holds_up_nobody() -> None:
    arrival = expected(2)
    with ThreadPoolExecutor(1) as pool:
        pouring = pool.submit(pour, arrival)
        with arrival.open() as reader:
            with arrival.open() as other:
                other.read(1)
            assert rightly(reader, CHUNK) == SIZE
        pouring.result(10)


def test_what_stops_it_is_raised_on_both_sides() -> None:
    arrival, error = expected(1), SourceUnavailable("gone")
    with ThreadPoolExecutor(1) as pool, arrival_failing(arrival, error):
        waiting = pool.submit(pour, arrival)
        assert waiting.exception(10) is error
    with pytest.raises(SourceUnavailable, match="gone"), arrival.open():
        pass


def arrival_failing(arrival: Passing, error: SourceUnavailable) -> ThreadPoolExecutor:
    arrival.fail(error)
    return ThreadPoolExecutor(1)


def test_what_comes_again_from_the_beginning_changes_nothing() -> None:
    arrival = expected(1)
    arrival.begin()
    arrival.write(0, content(0, CHUNK))
    arrival.reached(CHUNK)
    arrival.write(CHUNK // 2, content(0, CHUNK // 2) + content(CHUNK, CHUNK))
    arrival.reached(2 * CHUNK)
    with arrival.open() as reader:
        assert reader.read(CHUNK) == content(0, CHUNK)
        assert reader.read(CHUNK) == content(CHUNK, CHUNK)


def test_something_small_and_a_file_of_this_machine_need_no_bringer(tmp_path: Path) -> None:
    small = Passing(5)
    small.expect()
    small.hold(b"small")
    (tmp_path / "file").write_bytes(b"a file")
    lying = Passing(6)
    lying.expect()
    lying.there(tmp_path / "file")
    with small.open() as one, lying.open() as other:
        assert (one.read(100), one.read(1), other.read(100)) == (b"small", b"", b"a file")
