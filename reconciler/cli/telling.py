"""Who hears of a round when it is over, however it ends: traces, metrics, and the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli.complaints import TOLD, said, status_for
from reconciler.cli.exit_codes import DONE, PENDING
from reconciler.cli.listening import lines
from reconciler.cli.replacing import must_be_writable, replace_file, text_of
from reconciler.cli.rounds import Round
from reconciler.cli.signals import terminable
from reconciler.core.outcome import Status
from reconciler.errors import SettingsError

if TYPE_CHECKING:
    from reconciler.traces import Traces

_OFF = "reconciler.traces_off"  # in click's `meta`: the log says already why there are none
_LEVELS = {DONE: "info", PENDING: "warning"}


@contextmanager
def telling(made: Round) -> Iterator[Round]:
    """Give the round, and tell of it when it is over; raises SettingsError where its metrics can't be written."""
    must_be_writable(made.metrics_file, "--metrics-file")
    if any(name.startswith("OTEL_") for name in made.settings.environ):
        _begin_traces(made)
    try:
        with terminable():
            yield made
    except BaseException as error:
        made.status = status_for(error)
        _tell(made, error)
        raise
    _tell(made, None)


def _begin_traces(made: Round) -> None:
    from reconciler.traces import begin, wanted

    meta = click.get_current_context().meta
    if _OFF in meta or not wanted(made.settings.environ):
        return
    try:
        made.traces = begin(made.settings.environ, made.command, __version__)
    except SettingsError as error:
        log = lines(made.settings, made.clock)
        meta[_OFF] = True
        log.event("warning", "traces_off", run=made.run, error=error.message, hint=error.hint)


def _end_traces(made: Round, traces: "Traces", error: BaseException | None) -> None:
    told = {"error": str(error) or f"exit code {made.status}"} if error is not None else {}
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
    if made.always or made.settings.log_format == "json":
        return True
    return error is None and not made.settings.live and made.result is not None and bool(made.result.outcomes)


def _write_metrics(made: Round, path: Path) -> None:
    from reconciler.report.metrics import Measured, metrics_text

    success = made.status in {DONE, PENDING}
    measured = Measured(made.clock.now(), made.seconds, made.status, success, made.plan, made.result, made.held)
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
    level = _LEVELS.get(made.status, "error")
    log.event(level, "run_finished", run=made.run, command=made.command, **_counts(made), **told)
    click.get_current_context().meta[TOLD] = True


def _counts(made: Round) -> dict[str, object]:
    """Return what came of a round in numbers: bytes, seconds, and how many changes ended how."""
    outcomes = made.result.outcomes if made.result is not None else ()
    plan, ended = made.plan, made.result is not None
    open_ = {"pending": len(plan.pending)} if plan is not None and not ended else {}
    held = {"held_back": len(made.held)} if made.held else {}
    return {
        **{status.value: sum(outcome.status is status for outcome in outcomes) for status in Status},
        **open_,
        **held,
        "in_sync": sum(host.in_sync for host in plan.hosts) if plan is not None else 0,
        "hosts": len(plan.hosts) if plan is not None else 0,
        "hosts_silent": len(plan.unobserved) if plan is not None else 0,
        "bytes": sum(outcome.moved for outcome in outcomes),
        "seconds": made.seconds,
        "exit_code": made.status,
    }
