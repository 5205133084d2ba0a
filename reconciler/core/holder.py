"""Whose lease it is: a process, and what proves that it is dead. Pure; `registry/processes.py` looks.

Only the kernel that ran a process can tell, and only to whoever means the same process by the same number. A live
process that is taken for dead costs a second writer on a host, a dead one that is taken for alive costs a minute:
so everything that is not a proof is none.
"""

from enum import StrEnum

from reconciler.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """A process, by what no other one shares: its number is given to another one day, but that one began later."""

    pid: int
    began: int  # ticks after the boot, as the kernel tells it
    place: str  # the boot of the kernel, and the namespaces in which these two numbers mean something


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kernel shows of a process."""

    state: str  # one letter, as in proc(5)
    threads: int
    began: int  # as in `Process`


class Unseen(StrEnum):
    """Why there is nothing to be seen of a process."""

    GONE = "gone"  # the kernel says that there is no process of that number
    HIDDEN = "hidden"  # or may well be, and is not shown to us


Sight = Seen | Unseen

_ENDED = frozenset("ZXx")  # it ended, and its parent has not asked how


def is_dead(holder: Process, here: Process, sight: Sight) -> bool:
    """Tell whether it is proved, by what we, who are `here`, see under its number, that a process is dead.

    One that is stopped lives, and one that was killed and still has threads may be in the middle of a write.
    """
    if holder.place != here.place or sight is Unseen.HIDDEN:
        return False
    if isinstance(sight, Unseen):
        return True
    if sight.began != holder.began:
        return sight.began > holder.began  # nobody gets a number before its last owner has left it
    return sight.state in _ENDED and sight.threads <= 1
