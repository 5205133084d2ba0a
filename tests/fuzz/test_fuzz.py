"""The fuzzing itself: every target keeps its promise for a round, and one that does not is found."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.__main__ import fuzz
from tests.fuzz.targets import BY_CHANCE, ROUND, TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
def test_a_round_of_each_target_keeps_its_promise(target: Callable[[], None]) -> None:
    assert fuzz(target, 0) == ROUND


def test_a_broken_promise_is_found() -> None:
    @BY_CHANCE
    @given(st.binary())
    def broken(content: bytes) -> None:
        assert b"\0" not in content

    with pytest.raises(AssertionError):
        fuzz(broken, 5)
