"""`reconciler apply`."""

import getpass
import secrets
import socket
import sys
from pathlib import Path

import click

from reconciler.cli import options, output
from reconciler.cli.exit_codes import status_of_run
from reconciler.cli.listening import listening
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import Proposal, SystemClock, open_store, propose_for
from reconciler.core.outcome import RunResult
from reconciler.errors import SettingsError
from reconciler.ports import RecordStore, Run
from reconciler.workflow.apply import Workshop, apply


@click.command("apply")
@options.paths
@options.formats("text", "json")
@click.option("--auto-approve", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=10,
    show_default=True,
    envvar="RECONCILER_PARALLELISM",
    help="How many hosts to work on at once.",
)
@options.targets
@options.hosts
@click.pass_obj
def command(
    settings: Settings,
    paths: tuple[Path, ...],
    format_: str,
    auto_approve: bool,
    parallelism: int,
    targets: tuple[str, ...],
    hosts: tuple[str, ...],
) -> int:
    """Show the plan, ask, and do exactly that.

    Each change is put on record the moment it is known, and believed only after the host was read again. A change
    that fails leaves the old model as it was, and only what is built on it is skipped. Applying again finds
    nothing to do.

    \b
    Exit codes: 0 done or in sync, 1 error, 3 refused or stale, 4 applied in part.
    """
    store = open_store(settings)
    proposal = propose_for(paths, settings, store, targets, hosts)
    plan = proposal.plan
    if format_ == "text":
        click.echo(output.plan(plan, settings, "text"), nl=False)
    if plan.pending and not auto_approve:
        _confirm()
    result = _apply(proposal, store, settings, parallelism)
    if plan.pending or format_ == "json":
        click.echo(output.run(plan, result, settings, format_), nl=False)
    return status_of_run(result)


def _confirm() -> None:
    """Ask; without a terminal there is nobody to ask, and that is a no."""
    if not sys.stdin.isatty():
        raise SettingsError("nothing was done: there is no terminal to confirm at", hint="give --auto-approve")
    if click.prompt("Apply this? Only 'yes' is a yes", default="no", show_default=False, err=True) != "yes":
        raise SettingsError("nothing was done: not approved")


def _apply(proposal: Proposal, store: RecordStore, settings: Settings, parallelism: int) -> RunResult:
    clock, world = SystemClock(), proposal.world
    now = clock.now()
    run = Run(
        id=f"{now[:19].translate(_COMPACT)}-{secrets.token_hex(3)}",
        started_at=now,
        plan=proposal.plan.fingerprint,
        actor=f"{getpass.getuser()}@{socket.gethostname()}",
    )
    with listening(settings, clock, proposal.secrets) as listener:
        shop = Workshop(world.hosts, world.sources, store, listener, clock, parallelism)
        return apply(proposal.plan, shop, run)


_COMPACT = str.maketrans("", "", "-:")
