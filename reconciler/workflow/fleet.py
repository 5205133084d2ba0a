"""One function over many things at once: the only place that starts threads.

An error of ours is a result like any other, so that one silent host or hub never
hides the answers of the rest. A bug is not: it ends the whole.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import Generic, ParamSpec, TypeVar

from reconciler.errors import ReconcilerError

Item = TypeVar("Item")
Result = TypeVar("Result")
Args = ParamSpec("Args")


class Fleet:
    """A pool of threads; leaving the context waits for what is still running.

    Only after Ctrl-C, or once `stop` is set, it is left behind: a hub may be silent for long, and nobody waits for it.
    """

    def __init__(self, width: int, stop: Event | None = None) -> None:
        self._pool = ThreadPoolExecutor(max_workers=max(1, width))
        self._stop = stop or Event()

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        left = self._stop.is_set() or kind is KeyboardInterrupt
        self._pool.shutdown(wait=not left, cancel_futures=True)

    def start(self, work: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs) -> "Future[Result]":
        """Run `work` in a thread, with the caller's context variables, and return its future."""
        context = copy_context()
        return self._pool.submit(lambda: context.run(work, *args, **kwargs))

    def begin(self, work: Callable[[Item], Result], items: Iterable[Item]) -> "Batch[Item, Result]":
        """Start `work` on every item and return at once."""
        return Batch([(item, self.start(work, item)) for item in items])

    def each(
        self, work: Callable[[Item], Result], items: Iterable[Item]
    ) -> list[tuple[Item, Result | ReconcilerError]]:
        """Run `work` on every item and wait: each item with its result or the error of ours it raised, in order."""
        return self.begin(work, items).answers()

    def every(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
        """Run `work` on every item and wait; yield each item with its result, in order, and raise the first error."""
        for item, answer in self.each(work, items):
            if isinstance(answer, ReconcilerError):
                raise answer
            yield item, answer


class Batch(Generic[Item, Result]):
    """Work that is under way."""

    def __init__(self, started: "list[tuple[Item, Future[Result]]]") -> None:
        self._started = started

    def answers(self) -> list[tuple[Item, Result | ReconcilerError]]:
        """Wait, and return each item with its result, or the error of ours that it raised, in order."""
        found: list[tuple[Item, Result | ReconcilerError]] = []
        for item, future in self._started:
            try:
                found.append((item, future.result()))
            except ReconcilerError as error:
                found.append((item, error))
        return found
