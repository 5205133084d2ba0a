"""A round: one look at everything, what was done about it, and who hears of it when it is over."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli.clock import SystemClock
from reconciler.cli.complaints import TOLD, said, status_for
from reconciler.cli.exit_codes import DONE, ERROR, PENDING
from reconciler.cli.listening import lines
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import Proposal
from reconciler.cli.written import must_be_writable, replace_file, text_of
from reconciler.core.outcome import RunResult, Status
from reconciler.core.plan import Plan
from reconciler.errors import SettingsError
from reconciler.ports import Clock, Listener
from reconciler.traces import Traces, begin, wanted

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
    metrics_file: Path | None = None

    def __post_init__(self) -> None:
        """Begin now, under a name that sorts by time."""
        self.traces: Traces | None = None
        self.started_at = self.clock.now()
        self.began = self.clock.monotonic()
        self.run = f"{self.started_at[:19].translate(_COMPACT)}-{secrets.token_hex(3)}"

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Let a part of the round be a span, where there are traces."""
        return self.traces.phase(name) if self.traces is not None else nullcontext()

    def heard(self, listener: Listener) -> Listener:
        """Return a listener for everybody who is to hear of the round."""
        return self.traces.over(listener, self.secrets) if self.traces is not None else listener

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that no log line may hold, as far as they are known yet."""
        return self.proposal.secrets if self.proposal is not None else ()

    @property
    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return round(self.clock.monotonic() - self.began, 3)


@contextmanager
def telling(settings: Settings, command: str, metrics_file: Path | None = None) -> Iterator[Round]:
    """Give a round, and tell of it when it is over, however it ends; raises SettingsError for a file that can't be."""
    must_be_writable(metrics_file, "--metrics-file")
    made = Round(settings, command, metrics_file=metrics_file)
    if wanted(settings.environ):
        _begin_traces(made)
    try:
        yield made
    except BaseException as error:
        made.status = status_for(error)
        _tell(made, error)
        raise
    _tell(made, None)


def _begin_traces(made: Round) -> None:
    try:
        made.traces = begin(made.settings.environ, made.command, __version__)
    except SettingsError as error:
        log = lines(made.settings, made.clock)
        log.event("warning", "traces_off", run=made.run, error=error.message, hint=error.hint)


def _end_traces(made: Round, traces: Traces, error: BaseException | None) -> None:
    told = {"error": str(error) or type(error).__name__} if error is not None else {}
    problem = traces.end({"run": made.run, **_counts(made), **told})
    if problem:
        log = lines(made.settings, made.clock, made.secrets)
        log.event("warning", "traces_not_sent", run=made.run, error=problem)


def _tell(made: Round, error: BaseException | None) -> None:
    if made.traces is not None:
        _end_traces(made, made.traces, error)
    if made.metrics_file is not None:
        _write_metrics(made, made.metrics_file)
    if _is_told(made, error):
        _write_summary(made, error)


def _is_told(made: Round, error: BaseException | None) -> bool:
    """Tell whether the log gets a summary: always where it is for machines, else where something was done unwatched."""
    if made.settings.log_format == "json":
        return True
    return error is None and not made.settings.live and made.result is not None and bool(made.result.outcomes)


def _write_metrics(made: Round, path: Path) -> None:
    from reconciler.report.metrics import Measured, metrics_text

    success = made.status in {DONE, PENDING}
    measured = Measured(made.clock.now(), made.seconds, made.status, success, made.plan, made.result)
    try:
        replace_file(path, metrics_text(measured, text_of(path)))
    except OSError as error:
        log = lines(made.settings, made.clock, made.secrets)
        log.event("error", "metrics_not_written", run=made.run, file=str(path), error=error.strerror or str(error))


def _write_summary(made: Round, error: BaseException | None) -> None:
    log = lines(made.settings, made.clock, made.secrets)
    for host in made.plan.unobserved if made.plan is not None else ():
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
