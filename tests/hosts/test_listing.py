"""A list of models that is good for a while: never after a write of ours, never longer than the reader said."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.core.names import ModelName
from reconciler.core.steps import Create
from reconciler.hosts.listing import Listing
from reconciler.hosts.ollama_host import OllamaHost
from tests.hosts.conftest import Named, quiet

LONG = 3600.0  # seconds


class Server:
    """A list that grows each time it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def tags(self) -> list[int]:
        self.reads += 1
        self.meanwhile()
        return list(range(self.reads))


def test_whoever_wants_it_as_it_is_now_gets_that() -> None:
    listing, server = Listing[int](), Server()
    assert [len(listing.entries(server.tags)) for _ in range(3)] == [1, 2, 3]
    assert len(listing.entries(server.tags, -1.0)) == 4


def test_the_last_list_is_good_for_whoever_says_so() -> None:
    listing, server = Listing[int](), Server()
    assert [len(listing.entries(server.tags, LONG)) for _ in range(3)] == [1, 1, 1]


def test_a_list_from_before_the_end_of_a_write_is_not() -> None:
    listing, server = Listing[int](), Server()
    listing.entries(server.tags)
    with listing.writing():
        assert len(listing.entries(server.tags, LONG)) == 2
    assert len(listing.entries(server.tags, LONG)) == 3


def test_nor_is_one_that_was_read_while_another_thread_wrote() -> None:
    server = Server()
    listing = Listing[int]()

    def written() -> None:
        with listing.writing():
            server.meanwhile = lambda: None

    server.meanwhile = written
    assert len(listing.entries(server.tags)) == 1
    assert len(listing.entries(server.tags, LONG)) == 2


def test_a_write_that_failed_may_have_written() -> None:
    listing, server = Listing[int](), Server()
    listing.entries(server.tags)
    with pytest.raises(ValueError, match="cut off"), listing.writing():
        raise ValueError("cut off")
    assert len(listing.entries(server.tags, LONG)) == 2


def test_a_reading_that_failed_is_no_list() -> None:
    server = Server()
    listing = Listing[int]()

    def cut() -> None:
        server.meanwhile = lambda: None
        raise OSError("cut off")

    server.meanwhile = cut
    with pytest.raises(OSError, match="cut off"):
        listing.entries(server.tags, LONG)
    assert len(listing.entries(server.tags, LONG)) == 2


def test_a_host_knows_what_it_wrote_itself_and_not_what_others_did(
    host: OllamaHost, base: ModelName, named: Named
) -> None:
    other = replace(host)  # somebody else at the same server

    def names() -> set[ModelName]:
        return {live.address.model for live in host.models(LONG)} & {base, *map(named, "abc")}

    assert names() == {base}
    other.copy(base, named("a"))
    assert names() == {base}
    assert named("a") in {live.address.model for live in host.models()}
    host.copy(base, named("b"))
    assert names() == {base, named("a"), named("b")}
    host.delete(named("a"))
    assert names() == {base, named("b")}
    host.create(Create(named("c"), base=base, system="Hi."), quiet)
    assert names() == {base, named("b"), named("c")}
