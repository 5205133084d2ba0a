"""What went wrong, on stderr: with `--log-format json` as lines of JSON, since nothing else may be written there."""

from collections.abc import Iterable, Sequence

import click

from reconciler.cli.clock import SystemClock
from reconciler.cli.exit_codes import ERROR, INTERRUPTED, USAGE, status_of
from reconciler.cli.listening import lines
from reconciler.cli.settings import Settings
from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.ports import Listener
from reconciler.report.text import safe

TOLD = "reconciler.told"  # in click's `meta`: the log says already what went wrong


def complain(error: BaseException, ctx: click.Context, settings: Settings) -> int:
    """Write what went wrong, unless the log says so already, and return the exit status for it."""
    status = status_for(error)
    if not ctx.meta.get(TOLD):
        log = lines(settings, SystemClock())
        told = said(error, log)
        log.event("error", "command_failed", **told, exit_code=status)
    return status


def said(error: BaseException, log: Listener) -> dict[str, object]:
    """Return what went wrong as keys for a log line; findings about manifests get a line each."""
    if isinstance(error, ManifestError):
        _tell_findings(error.diagnostics, log)
    if isinstance(error, ReconcilerError):
        facts = {"error": error.message, "hint": error.hint, "where": error.where}
        return {key: text for key, text in facts.items() if text}
    if isinstance(error, click.ClickException):
        return {"error": error.format_message()}
    if isinstance(error, OSError):
        return {"error": f"the result can't be written: {error.strerror}"}
    interrupted = isinstance(error, click.Abort | KeyboardInterrupt)
    return {"error": "interrupted" if interrupted else f"{type(error).__name__}: {error}"}


def warn(findings: Sequence[Diagnostic]) -> None:
    """Write findings that stop nothing, where there are any."""
    settings = click.get_current_context().obj
    if settings.memory is not None:
        settings.memory.tape.spoil()  # a plan that is told again would not tell this
    if settings.log_format == "json":
        _tell_findings(findings, lines(settings, SystemClock()))
    elif findings:
        from reconciler.report.terminal import diagnostics_text

        click.echo(diagnostics_text(findings, colour=False), err=True, nl=False)


def remark(event: str, text: str) -> None:
    """Write one warning; `event` names its kind in a log, in snake_case."""
    settings = click.get_current_context().obj
    if settings.log_format == "json":
        lines(settings, SystemClock()).event("warning", event, problem=text)
    else:
        click.echo(f"warning: {event.replace('_', ' ')}: {safe(text)}", err=True)


def _tell_findings(findings: Iterable[object], log: Listener) -> None:
    for item in findings:
        if isinstance(item, Diagnostic):
            hint = {"hint": item.hint} if item.hint else {}
            log.event(item.severity.value, "finding", where=str(item.location), problem=item.message, **hint)


def status_for(error: BaseException) -> int:
    """Return the exit status for whatever ends a command."""
    if isinstance(error, ReconcilerError):
        return status_of(error)
    if isinstance(error, click.ClickException):
        return USAGE if isinstance(error, click.UsageError) else ERROR
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    return INTERRUPTED if isinstance(error, click.Abort | KeyboardInterrupt) else ERROR
