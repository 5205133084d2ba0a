"""A round: one look at everything, what was done about it, and who hears of it when it is over."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from reconciler.cli.clock import SystemClock
from reconciler.cli.complaints import TOLD, said, status_for
from reconciler.cli.exit_codes import DONE, ERROR
from reconciler.cli.listening import lines
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import Proposal
from reconciler.core.outcome import RunResult, Status
from reconciler.core.plan import Plan
from reconciler.ports import Clock

_COMPACT = str.maketrans("", "", "-:")


@dataclass
class Round:
    """What is known of a round so far."""

    settings: Settings
    command: str
    clock: Clock = field(default_factory=SystemClock)
    proposal: Proposal | None = None
    plan: Plan | None = None  # what of the proposal was to be done
    result: RunResult | None = None
    status: int = ERROR  # the exit status

    def __post_init__(self) -> None:
        """Begin now, under a name that sorts by time."""
        self.started_at = self.clock.now()
        self.began = self.clock.monotonic()
        self.run = f"{self.started_at[:19].translate(_COMPACT)}-{secrets.token_hex(3)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that no log line may hold, as far as they are known yet."""
        return self.proposal.secrets if self.proposal is not None else ()

    @property
    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return round(self.clock.monotonic() - self.began, 3)


@contextmanager
def telling(settings: Settings, command: str) -> Iterator[Round]:
    """Give a round, and tell of it when it is over, however it ends."""
    made = Round(settings, command)
    try:
        yield made
    except BaseException as error:
        made.status = status_for(error)
        _tell(made, error)
        raise
    _tell(made, None)


def _tell(made: Round, error: BaseException | None) -> None:
    """Write the summary: always where the log is for machines, else where something was done and nobody watches."""
    as_json = made.settings.log_format == "json"
    outcomes = made.result.outcomes if made.result is not None else ()
    if not as_json and (error is not None or made.settings.live or not outcomes):
        return
    log = lines(made.settings, made.clock, made.secrets)
    if made.plan is not None:
        for host in made.plan.unobserved:
            log.event("warning", "host_not_observed", run=made.run, host=host.host, error=host.message, hint=host.hint)
    told = {} if error is None or isinstance(error, click.exceptions.Exit) else said(error, log)
    level = "info" if made.status == DONE else "error"
    log.event(level, "run_finished", run=made.run, command=made.command, **_counts(made), **told)
    click.get_current_context().meta[TOLD] = True


def _counts(made: Round) -> dict[str, object]:
    """Return what came of a round in numbers: bytes, seconds, and how many changes ended how."""
    outcomes = made.result.outcomes if made.result is not None else ()
    return {
        **{status.value: sum(outcome.status is status for outcome in outcomes) for status in Status},
        "in_sync": sum(host.in_sync for host in made.plan.hosts) if made.plan is not None else 0,
        "hosts": len(made.plan.hosts) if made.plan is not None else 0,
        "hosts_silent": len(made.plan.unobserved) if made.plan is not None else 0,
        "bytes": sum(outcome.moved for outcome in outcomes),
        "seconds": made.seconds,
        "exit_code": made.status,
    }
