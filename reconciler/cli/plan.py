"""`reconciler plan`."""

from pathlib import Path

import click

from reconciler.cli import options, output
from reconciler.cli.exit_codes import status_of_plan
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import open_store, propose_for


@click.command("plan")
@options.paths
@options.formats("text", "json")
@options.detailed
@options.targets
@options.hosts
@click.pass_obj
def command(
    settings: Settings,
    paths: tuple[Path, ...],
    format_: str,
    detailed_exitcode: bool,
    targets: tuple[str, ...],
    hosts: tuple[str, ...],
) -> int:
    """Show what would change, why, and what it costs. Changes nothing.

    Compares the manifests at PATH (default: manifests/) with what each host reports, with what was applied before
    and with what upstream offers now. For every change: the reason, the fields, the bytes to move, the disk.

    \b
    Exit codes: 0 nothing wrong, 1 error or something could not be found out, 2 changes pending (only with
    --detailed-exitcode), 3 something is refused.
    """
    plan = propose_for(paths, settings, open_store(settings), targets, hosts).plan
    click.echo(output.plan(plan, settings, format_), nl=False)
    return status_of_plan(plan, detailed=detailed_exitcode)
