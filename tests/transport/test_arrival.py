"""Content on its way: read in order by any number while it comes, its last byte only once it is verified."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.arrival import Arrival
from reconciler.errors import SourceUnavailable

CONTENT = bytes(range(256)) * 40


def read(arrival: Arrival, count: int = 100) -> bytes:
    with arrival.open() as reader:
        return b"".join(iter(lambda: reader.read(count), b""))


def test_a_file_that_is_there_is_read_at_once_and_as_often_as_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    arrival = Arrival.of(path)
    assert (arrival.size, arrival.path, arrival.all_here, arrival.failed) == (len(CONTENT), path, True, False)
    assert [read(arrival), read(arrival)] == [CONTENT, CONTENT]
    path.write_bytes(b"")
    assert read(Arrival.of(path)) == b""


def test_a_reader_goes_back_to_the_start(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    with Arrival.of(path).open() as reader:
        reader.read(50)
        reader.place = 0
        assert reader.read(len(CONTENT)) == CONTENT


def test_readers_follow_what_arrives_through_a_change_of_name(tmp_path: Path) -> None:
    arrival, part = Arrival(len(CONTENT)), tmp_path / "a.part"
    with ThreadPoolExecutor(3) as pool, part.open("wb", buffering=0) as file:
        readers = [pool.submit(read, arrival, count) for count in (1, 100, 1 << 20)]
        arrival.lies_at(part)
        for place in range(0, len(CONTENT), 1024):
            file.write(CONTENT[place : place + 1024])
            arrival.reached(place + 1024)
        arrival.complete()
        arrival.renamed(tmp_path / "a")
        assert [future.result(10) for future in readers] == [CONTENT] * 3
    assert arrival.path == tmp_path / "a"
    assert not part.exists()


def test_the_last_byte_is_for_whoever_verifies_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    arrival = Arrival(len(CONTENT))
    arrival.lies_at(path)
    arrival.reached(len(CONTENT))
    with arrival.open() as reader, arrival.open(unverified=True) as judge:
        assert judge.read(1 << 20) == CONTENT
        assert judge.read(1) == b""
        assert reader.read(1 << 20) == CONTENT[:-1]
        later = threading.Timer(0.05, arrival.complete)
        later.start()
        assert reader.read(1) == CONTENT[-1:]
        later.join()


def test_what_stops_it_is_raised_for_all_who_wait_and_for_whoever_comes_later(tmp_path: Path) -> None:
    path, error = tmp_path / "a", SourceUnavailable("the hub is gone")
    path.write_bytes(CONTENT)
    arrival = Arrival(len(CONTENT))
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(read, arrival)
        arrival.lies_at(path)
        arrival.reached(100)
        waiting = pool.submit(read, arrival)
        arrival.fail(error)
        arrival.fail(SourceUnavailable("something that follows from it"))
        for future in (early, waiting):
            assert future.exception(10) is error
    assert arrival.failed
    with pytest.raises(SourceUnavailable, match="the hub is gone"):
        read(arrival)


def test_what_is_all_there_can_not_fail_any_more(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    arrival = Arrival.of(path)
    arrival.fail(SourceUnavailable("too late"))
    assert not arrival.failed
    assert read(arrival) == CONTENT


def test_the_front_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    arrival = Arrival(len(CONTENT))
    arrival.lies_at(path)
    arrival.reached(200)
    arrival.reached(100)
    with arrival.open() as reader:
        assert len(reader.read(1 << 20)) == 200
