"""What went wrong, as lines of JSON on stderr: with `--log-format json` nothing else may be written there."""

from collections.abc import Iterable

import click

from reconciler.cli.clock import SystemClock
from reconciler.cli.exit_codes import ERROR, INTERRUPTED, USAGE, status_of
from reconciler.cli.listening import lines
from reconciler.cli.settings import Settings
from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.ports import Listener

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
        tell_findings(error.diagnostics, log)
    if isinstance(error, ReconcilerError):
        facts = {"error": error.message, "hint": error.hint, "where": error.where}
        return {key: text for key, text in facts.items() if text}
    if isinstance(error, click.ClickException):
        return {"error": error.format_message()}
    if isinstance(error, OSError):
        return {"error": f"the result can't be written: {error.strerror}"}
    interrupted = isinstance(error, click.Abort | KeyboardInterrupt)
    return {"error": "interrupted" if interrupted else f"{type(error).__name__}: {error}"}


def tell_findings(findings: Iterable[object], log: Listener) -> None:
    """Write a line for each finding about manifests."""
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
