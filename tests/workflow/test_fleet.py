"""The fleet: all at once, in order, and one failure hides nothing."""

from contextvars import ContextVar
from threading import Barrier

import pytest

from reconciler.errors import HostUnreachable
from reconciler.workflow.fleet import Fleet

RUN: ContextVar[str] = ContextVar("RUN", default="none")


def test_results_come_in_the_order_of_the_items_though_all_run_at_once():
    together = Barrier(4, timeout=10)  # breaks unless four really run side by side

    def work(item: int) -> int:
        together.wait()
        return item * 2

    with Fleet(4) as fleet:
        assert fleet.each(work, range(4)) == [(0, 0), (1, 2), (2, 4), (3, 6)]


def test_an_error_of_ours_is_a_result_beside_the_others():
    def work(item: int) -> int:
        if item == 1:
            raise HostUnreachable("down")
        return item

    with Fleet(2) as fleet:
        answers = dict(fleet.each(work, range(3)))
    assert (answers[0], answers[2]) == (0, 2)
    assert isinstance(answers[1], HostUnreachable)


def test_where_every_answer_is_needed_the_first_error_ends_it():
    with Fleet(2) as fleet:
        assert dict(fleet.every(str, range(3))) == {0: "0", 1: "1", 2: "2"}

        def work(item: int) -> int:
            raise HostUnreachable(f"down {item}")

        with pytest.raises(HostUnreachable, match="down 0"):
            list(fleet.every(work, range(3)))


def test_a_bug_is_no_result():
    with Fleet(1) as fleet, pytest.raises(ZeroDivisionError):
        fleet.each(lambda item: 1 // item, [0])


def test_threads_see_the_context_of_whoever_started_them():
    RUN.set("r1")
    with Fleet(1) as fleet:
        assert fleet.start(RUN.get).result() == "r1"
