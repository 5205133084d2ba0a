"""`reconciler watch`."""

import random
import re
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.clock import SystemClock
from reconciler.cli.heartbeat import Heartbeat
from reconciler.cli.listening import lines
from reconciler.cli.patrol import Patrol
from reconciler.cli.question import Question, asks
from reconciler.cli.replacing import must_be_writable
from reconciler.cli.running import Manner
from reconciler.cli.saved import SUFFIX
from reconciler.cli.settings import Settings
from reconciler.cli.signals import alarmed
from reconciler.cli.systemd import SOCKET
from reconciler.core.pace import Pace
from reconciler.workflow.loop import watch

_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}  # seconds
_LONGEST = 30 * 86_400  # seconds


def _seconds(_ctx: click.Context, _option: click.Parameter, text: str) -> int:
    found = _DURATION.fullmatch(text.strip())
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if not 1 <= seconds <= _LONGEST:
        raise click.BadParameter(f"{text!r} is not between 1s and 30d, as 30s, 5m or 1h")
    return seconds


def _writable(_ctx: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    must_be_writable(path, "--health-file")
    return path


def _must_be_manifests(question: Question) -> None:
    if any(path.suffix == SUFFIX for path in question.paths):
        raise click.UsageError("a saved plan is applied once: give manifests to watch")


@click.command("watch")
@asks
@click.option(
    "--interval",
    default="5m",
    show_default=True,
    metavar="TIME",
    envvar="RECONCILER_INTERVAL",
    callback=_seconds,
    help="Time between two rounds, as 30s, 5m or 1h; a tenth more or less each time.",
)
@click.option("--auto-approve", is_flag=True, help="Apply what is planned. Without it, drift is told and nothing done.")
@options.parallelism
@options.lease_timeout
@options.no_cache
@options.metrics_file
@click.option(
    "--health-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="RECONCILER_HEALTH_FILE",
    callback=_writable,
    help="Write JSON there after each round and every half a minute between: whoever finds it old may restart us.",
)
@click.pass_obj
def command(
    settings: Settings,
    question: Question,
    interval: int,
    auto_approve: bool,
    parallelism: int,
    lease_timeout: float,
    no_cache: bool,
    metrics_file: Path | None,
    health_file: Path | None,
) -> int:
    """Plan and apply again and again, for those without cron.

    With --auto-approve each round does what `apply --auto-approve` does: manifests are read anew, leases are taken
    and given back. Without it each round only plans: drift is logged, shown when it changes, and left alone.

    A round that meets a fault which may pass (a silent host, a hub that is down, another run's lease) is repeated
    after 10 s, 20 s, 40 s, …, at the most after the interval. A change that fails for good is left alone for twice
    the interval, then four times, up to an hour, unless its manifest or its host is otherwise by then; the log says
    how long. What is wrong with manifests is an error of that round only.
    SIGHUP looks at everything at once, and forgets what failed. SIGTERM and Ctrl-C finish the change in hand, if any,
    and end the watch; a second one ends it at once. systemd is told all of it (Type=notify, WatchdogSec=15min).

    \b
      reconciler --log-format json watch --auto-approve --interval 10m --health-file /run/reconciler/health.json
    \b
    Exit codes: 0 all was done that was begun, 130 or 143 a run was cut short, 1 or 64 it could not begin.
    """
    _must_be_manifests(question)
    clock, pace = SystemClock(), Pace(float(interval))
    log = lines(settings, clock)
    log.event("info", "watch_started", interval_seconds=interval, applies=auto_approve)
    heart = Heartbeat(health_file, clock, log, settings.environ.get(SOCKET, ""))
    with alarmed(log, heart.ending) as alarm:
        how = Manner(parallelism, lease_timeout, alarm, no_cache)
        patrol = Patrol(settings, question, auto_approve, how, pace, alarm, clock, heart, metrics_file)
        watch(patrol, pace, random.random)
    heart.beat(state="ended")
    log.event("info", "watch_ended", exit_code=patrol.status)
    return patrol.status
