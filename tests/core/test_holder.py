"""Whether a process is proved to be dead: a table, and what holds for everything that there may be to see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.holder import Process, Seen, Unseen, is_dead

HERE = "boot/1/2"
HOLDER = Process(100, 5000, HERE)
ME = Process(7, 9000, HERE)

PLACES = st.sampled_from([HERE, "boot/1/3", "boot/9/2", "other/1/2", ""])
PROCESSES = st.builds(Process, st.integers(1, 3), st.integers(0, 3), PLACES)
SIGHTS = st.one_of(
    st.sampled_from(Unseen), st.builds(Seen, st.sampled_from("RSDTtZXxIKW?"), st.integers(0, 3), st.integers(0, 3))
)


@pytest.mark.parametrize(
    ("sight", "dead"),
    [
        (Unseen.GONE, True),
        (Unseen.HIDDEN, False),
        (Seen("R", 4, 5000), False),
        (Seen("S", 1, 5000), False),
        (Seen("D", 1, 5000), False),  # it may be killed, and is in the middle of a write
        (Seen("T", 4, 5000), False),  # SIGSTOP
        (Seen("t", 4, 5000), False),  # under a debugger
        (Seen("Z", 1, 5000), True),  # killed, and nobody asked how it ended
        (Seen("X", 1, 5000), True),
        (Seen("x", 1, 5000), True),
        (Seen("Z", 2, 5000), False),  # its first thread ended, another one works on
        (Seen("?", 1, 5000), False),
        (Seen("R", 4, 5001), True),  # somebody else got its number
        (Seen("Z", 3, 5001), True),
        (Seen("R", 4, 4999), False),  # that can't be
    ],
)
def test_what_is_to_be_seen_proves_it_or_does_not(sight, dead):
    assert is_dead(HOLDER, ME, sight) is dead


@pytest.mark.parametrize(
    "elsewhere",
    ["other/1/2", "boot/9/2", "boot/1/9", "", "boot"],
    ids=["boot", "pid namespace", "time namespace", "none", "less"],
)
def test_nothing_is_proved_of_another_place(elsewhere):
    assert not is_dead(Process(100, 5000, elsewhere), ME, Unseen.GONE)


@given(PROCESSES, PROCESSES, SIGHTS)
def test_only_a_proof_from_the_same_place_is_one(holder, here, sight):
    if not is_dead(holder, here, sight):
        return
    assert holder.place == here.place
    assert sight is not Unseen.HIDDEN
    if isinstance(sight, Seen):
        assert sight.began > holder.began or (sight.began == holder.began and sight.threads <= 1)


@given(PROCESSES, PROCESSES, st.sampled_from("RSDTtIKWP"), st.integers(0, 3))
def test_a_process_that_lives_is_never_dead(holder, here, state, threads):
    assert not is_dead(holder, here, Seen(state, threads, holder.began))


@given(PROCESSES, st.integers(1, 3), SIGHTS)
def test_a_number_that_another_has_by_now_never_keeps_a_dead_one_alive(holder, later, sight):
    here = Process(9, 9, holder.place)
    if isinstance(sight, Seen):
        assert is_dead(holder, here, Seen(sight.state, sight.threads, holder.began + later))


@given(PROCESSES, PROCESSES, SIGHTS)
def test_who_asks_makes_no_difference_but_for_the_place(holder, here, sight):
    assert is_dead(holder, here, sight) is is_dead(holder, Process(1, 1, here.place), sight)
