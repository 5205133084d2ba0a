"""Carrying out a plan: a run with a name, a listener, and an ear for signals."""

import getpass
import os
import random
import socket
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import click

from reconciler.cli.exit_codes import status_of_run
from reconciler.cli.listening import listening
from reconciler.cli.rounds import Round
from reconciler.cli.signals import Stop, stopping
from reconciler.cli.wiring import Proposal
from reconciler.core.frozen import dataclass
from reconciler.core.outcome import RunResult
from reconciler.core.plan import Plan
from reconciler.errors import Interrupted
from reconciler.ports import Listener, RecordStore, Run
from reconciler.workflow.apply import apply
from reconciler.workflow.crew import Workshop
from reconciler.workflow.leases import Terms

_KEPT = 7 * 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class Manner:
    """How to carry out a plan."""

    parallelism: int = 10  # hosts at once
    wait: float = 0.0  # seconds to wait for another run's lease
    stop: Stop | None = None  # whoever hears the signals already; absent where that begins and ends with the run
    passing: bool = False  # downloads go through memory, and never to our disk


def carry_out(plan: Plan, proposal: Proposal, store: RecordStore, made: Round, manner: Manner) -> RunResult:
    """Do what the plan says, and return what came of it, kept in the round too; raises what `workflow.apply` raises."""
    run = Run(made.run, made.started_at, plan.fingerprint, actor())
    with listening(made.settings, made.clock, made.secrets) as log, _hearing(manner, log) as stop:
        listener = made.heard(log)
        terms, world = Terms(manner.wait, stop=stop), proposal.world
        who = (world.hosts, world.sources, store, listener, made.clock)
        shop = Workshop(*who, manner.parallelism, stop, _pause, terms, manner.passing)
        try:
            result = apply(plan, shop, run)
        except Interrupted as error:
            _nothing_done(error, made, log)
            raise click.exceptions.Exit(stop.status) from error
    if result.good:
        _clear_up(made.settings.cache / "downloads")
    made.result = result
    made.status = stop.status if stop.signal and not result.good else status_of_run(result)
    return result


def _hearing(manner: Manner, log: Listener) -> AbstractContextManager[Stop]:
    return stopping(log, Stop()) if manner.stop is None else nullcontext(manner.stop)


def _nothing_done(error: Interrupted, made: Round, listener: Listener) -> None:
    if made.settings.log_format == "json":
        listener.event("error", "nothing_done", run=made.run, error=str(error))
    else:
        click.echo(f"nothing was done: {error}", err=True)


def _pause(tries: int) -> float:
    """Return the seconds before the next try: twice as long each time, and never the same for two runs."""
    return random.uniform(0.5, 1.5) * float(2**tries)  # noqa: S311  (no secret hangs on it)


def _clear_up(downloads: Path) -> None:
    """Delete downloads that nobody went on with for a week; younger ones wait for a run that was interrupted."""
    with suppress(OSError):
        for path in downloads.iterdir():
            if time.time() - path.stat().st_mtime > _KEPT:
                path.unlink(missing_ok=True)


def actor() -> str:
    """Return who we are: user@machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"
