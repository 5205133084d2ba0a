"""Convoys: hosts that want the same blob, fed in step from one download that goes through our memory."""

from collections.abc import Callable
from threading import Lock

from reconciler.passing import Passing


class Convoy:
    """One blob of `size` bytes for so many hosts, each of which is asked first whether it lacks it."""

    def __init__(self, size: int, hosts: int) -> None:
        self.content = Passing(size)
        self._guard, self._awaited, self._joined = Lock(), hosts, False

    def decided(self, joins: bool, begin: Callable[[], None]) -> None:
        """Learn about one host, which is to read the content where it joins; the last one has the download begin."""
        with self._guard:
            self._awaited -= 1
            self._joined = self._joined or joins
            if joins:
                self.content.expect()
            goes = self._joined and self._awaited == 0
        if goes:
            begin()
