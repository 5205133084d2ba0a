"""Carrying out a plan: a run with a name, a listener, and an ear for signals."""

import getpass
import os
import random
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli.exit_codes import status_of_run
from reconciler.cli.listening import listening
from reconciler.cli.settings import Settings
from reconciler.cli.signals import stopping
from reconciler.cli.wiring import Proposal, SystemClock
from reconciler.core.outcome import RunResult
from reconciler.core.plan import Plan
from reconciler.errors import Interrupted
from reconciler.ports import Clock, RecordStore, Run
from reconciler.workflow.apply import apply
from reconciler.workflow.crew import Workshop
from reconciler.workflow.leases import Terms

_KEPT = 7 * 86_400.0  # seconds
_COMPACT = str.maketrans("", "", "-:")


def new_run(clock: Clock, fingerprint: str) -> Run:
    """Return a run that begins now, under a name that sorts by time."""
    now = clock.now()
    return Run(f"{now[:19].translate(_COMPACT)}-{secrets.token_hex(3)}", now, fingerprint, _actor())


@dataclass(frozen=True, slots=True)
class Manner:
    """How to carry out a plan."""

    parallelism: int = 10  # hosts at once
    wait: float = 0.0  # seconds to wait for another run's lease


def carry_out(
    plan: Plan, proposal: Proposal, store: RecordStore, settings: Settings, manner: Manner
) -> tuple[RunResult, int]:
    """Do what the plan says and return what came of it and the exit status; raises what `workflow.apply` raises."""
    clock, world = SystemClock(), proposal.world
    with listening(settings, clock, proposal.secrets) as listener, stopping(listener) as stop:
        terms = Terms(manner.wait, stop=stop)
        shop = Workshop(world.hosts, world.sources, store, listener, clock, manner.parallelism, stop, _pause, terms)
        try:
            result = apply(plan, shop, new_run(clock, plan.fingerprint))
        except Interrupted as error:
            click.echo(f"nothing was done: {error}", err=True)
            raise click.exceptions.Exit(stop.status) from error
    if result.good:
        _clear_up(settings.cache / "downloads")
    return result, stop.status if stop.signal and not result.good else status_of_run(result)


def _pause(tries: int) -> float:
    """Return the seconds before the next try: twice as long each time, and never the same for two runs."""
    return random.uniform(0.5, 1.5) * float(2**tries)  # noqa: S311  (no secret hangs on it)


def _clear_up(downloads: Path) -> None:
    """Delete downloads that nobody went on with for a week; younger ones wait for a run that was interrupted."""
    with suppress(OSError):
        for path in downloads.iterdir():
            if time.time() - path.stat().st_mtime > _KEPT:
                path.unlink(missing_ok=True)


def _actor() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"
