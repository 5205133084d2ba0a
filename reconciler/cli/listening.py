"""Who hears of a run: bars on a terminal, lines everywhere else, always on stderr."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import click

from reconciler.cli.settings import Settings
from reconciler.logs import configure
from reconciler.ports import Clock, Listener


@contextmanager
def listening(settings: Settings, clock: Clock, secrets: Collection[str]) -> Iterator[Listener]:
    """Give a listener for the time of a run; no line of it holds any of `secrets`."""
    if not settings.live:
        yield lines(settings, clock, secrets)
        return
    from reconciler.report.progress import LiveProgress

    with LiveProgress(sys.stderr) as bars:
        yield bars.over(configure(settings.log_level, settings.log_format, bars.write, clock, secrets))


def lines(settings: Settings, clock: Clock, secrets: Collection[str] = ()) -> Listener:
    """Return a listener that writes lines, without bars; no line of it holds any of `secrets`."""
    return configure(settings.log_level, settings.log_format, _to_stderr, clock, secrets)


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)
