"""The work on one host, in order: each change tried, tried again after a passing fault, and put on record.

Each outcome is on record the moment it is known, so a crash leaves a true history.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from reconciler.core.change import WRITES, Change
from reconciler.core.digest import Digest
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.outcome import Outcome, Status
from reconciler.core.state import Recorded
from reconciler.errors import HostError, Interrupted, LeaseHeld, ReconcilerError, StalePlan
from reconciler.ports import Clock, Forget, Host, Listener, RecordStore, Sources
from reconciler.workflow.execute import Done, execute
from reconciler.workflow.leases import Leases, Terms
from reconciler.workflow.observe import Hosts
from reconciler.workflow.telling import tell
from reconciler.workflow.testing import test_of, together
from reconciler.workflow.tools import Tools, Traces
from reconciler.workflow.transfer import Transfers

TRIES = 3  # how often a change is begun before a passing fault is taken for a lasting one


@dataclass(frozen=True, slots=True)
class Workshop:
    """Everything that an apply works with."""

    hosts: Hosts
    sources: Sources
    store: RecordStore
    listener: Listener
    clock: Clock
    parallelism: int  # hosts worked on at once
    stop: Event  # set by whoever wants the run to end early
    pause: Callable[[int], float]  # seconds before the nth repetition of a change that met a passing fault
    lease: Terms  # how long to wait for another run, and how long our leases outlive us
    passing: bool = False  # downloads go through memory, and never to our disk


class _Skipped(ReconcilerError):
    """A change that is not tried; never leaves this module."""


@dataclass
class Crew:
    """The work on one host."""

    name: HostName
    host: Host
    queue: Sequence[Change]
    ours: frozenset[ModelName]  # every name on this host that the plan speaks of
    run: str
    shop: Workshop
    transfers: Transfers
    leases: Leases

    def __post_init__(self) -> None:
        """Begin with nothing failed."""
        self._failed: set[Address] = set()
        self._made: dict[ModelName, Digest] = {}
        self._since = 0.0
        self._listener = self.shop.listener.bind(run=self.run, host=self.name)

    def work(self) -> list[Outcome]:
        """Make the changes, skipping those whose base failed, and return their outcomes."""
        self._since = self.shop.clock.monotonic()
        self._listener.event("debug", "host_started", changes=len(self.queue))
        self._clear_leftovers()
        outcomes = [self._one(change) for change in self.queue]
        self._listener.event("debug", "host_finished")
        return outcomes

    def _one(self, change: Change) -> Outcome:
        """Make a change, and then ask what it made where that was not done before it got its name."""
        told = {"model": str(change.address.model), "action": change.action.value}
        self._listener.event("debug", "change_started", **told)
        outcome, effect = self._ended(change)
        test = test_of(change, effect)
        outcome = outcome if test is None else together(outcome, self._ended(test)[0])
        tell(self._listener, change, outcome)
        return outcome

    def _ended(self, change: Change) -> tuple[Outcome, Recorded | Forget | None]:
        """Make a change, put on record what came of it, and return that with its effect on the records."""
        shop, listener = self.shop, self._listener.bind(model=str(change.address.model))
        for text in change.warnings:
            listener.event("warning", "change_doubted", warning=text)
        started = shop.clock.monotonic()
        effect: Recorded | Forget | None = None
        traces = Traces()
        try:
            done = self._tried(change, listener, traces)
            effect = done.effect
            if done.digest is not None:
                self._made[change.address.model] = done.digest
            outcome = Outcome(change.address, change.action, Status.APPLIED, done.digest, moved=done.moved)
        except ReconcilerError as error:
            hint = error.hint or (f"declared at {change.location}" if change.location else "")
            status = _status(error)
            passing = error.retryable or status is Status.REFUSED  # the world moved: another plan may fit it
            outcome = Outcome(change.address, change.action, status, message=error.message, hint=hint, passing=passing)
            self._failed.add(change.address)
        outcome = replace(outcome, seconds=round(shop.clock.monotonic() - started, 3))
        shop.store.save(self.run, shop.clock.now(), outcome, effect)
        listener.event("debug", "outcome_recorded", status=outcome.status.value)
        self._journal(change, sorted(traces.kept))  # for the next run, which may find the host in better health
        return outcome, effect

    def _tried(self, change: Change, listener: Listener, traces: Traces) -> Done:
        """Make a change, and after a fault that may pass make it again, a little later each time."""
        shop, journal = self.shop, partial(self._journal, change)
        world = (self.host, shop.sources, self.transfers, listener, shop.clock, shop.stop)
        tools = Tools(*world, journal, self._made, traces, self._since)
        for tries in range(1, TRIES + 1):
            self._must_go_on(change)
            try:
                return execute(change, tools)
            except ReconcilerError as error:
                if not error.retryable or tries == TRIES:
                    raise
                pause = shop.pause(tries)
                listener.event("warning", "change_repeated", error=str(error), after_seconds=round(pause, 1))
                shop.stop.wait(pause)
        raise AssertionError("the last try returns or raises")

    def _must_go_on(self, change: Change) -> None:
        if self.shop.stop.is_set():
            raise _Skipped("the run was interrupted before it came to this change")
        if change.base is not None and Address(change.address.host, change.base) in self._failed:
            raise _Skipped(f"its base {change.base} failed", hint="mend the base, then apply again")
        if change.action in WRITES:
            self.leases.check(self.name)

    def _journal(self, change: Change, names: Sequence[ModelName]) -> None:
        self.shop.store.start(self.run, self.shop.clock.now(), change.address, names)

    def _clear_leftovers(self) -> None:
        """Delete what runs that died have left on this host, unless it is declared by now."""
        for leftover in self.shop.store.leftovers(self.name):
            name = str(leftover.name)
            try:
                if leftover.name not in self.ours:
                    self.host.delete(leftover.name)
                    self._listener.event("info", "leftover_deleted", leftover=name, of_run=leftover.run)
            except HostError as error:
                self._listener.event("warning", "leftover_kept", leftover=name, error=str(error))
                continue
            self.shop.store.clear(leftover)


def _status(error: ReconcilerError) -> Status:
    """Tell what was not tried, what was not done because the world had moved, and what went wrong."""
    if isinstance(error, _Skipped | Interrupted):
        return Status.SKIPPED
    return Status.REFUSED if isinstance(error, StalePlan | LeaseHeld) else Status.FAILED
