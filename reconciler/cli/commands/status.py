"""`reconciler status`."""

from pathlib import Path

import click

from reconciler.cli import options, output
from reconciler.cli.exit_codes import status_of_plan
from reconciler.cli.question import Question, asks
from reconciler.cli.replacing import must_be_writable
from reconciler.cli.rounds import Round
from reconciler.cli.settings import Settings
from reconciler.cli.snapshots import Live, propose, save
from reconciler.cli.snapshots import live as from_snapshot
from reconciler.cli.telling import telling
from reconciler.cli.wiring import open_store


@click.command("status")
@asks
@options.formats("text", "json")
@options.detailed
@options.metrics_file
@click.option(
    "--snapshot",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write what hosts and registry are like now to a file, for `plan --live FILE` where no host can be reached.",
)
@from_snapshot
@click.pass_obj
def command(
    settings: Settings,
    question: Question,
    format_: str,
    detailed_exitcode: bool,
    metrics_file: Path | None,
    snapshot: Path | None,
    live: Live,
) -> int:
    """Show how each model stands on each host. Changes nothing.

    What is declared is in sync, drifted (somebody else changed it), missing, outdated (upstream offers something else
    than what is locked or was applied), changed (the manifest, the lock or its base did), untested (it has yet to pass
    its test), refused or unresolved (its source could not be found out). Below that, what is no longer declared, and
    what is not managed: there, and not ours. A host that does not answer is unreachable. Several hosts stand beside
    each other, models down and hosts across; where a terminal has no room for that, one below the other.

    `--snapshot snapshot.json` also writes a file with all that a plan asks hosts and registry: of every model its
    digest and what it consists of, prompts and templates among it, and no secret.

    \b
    Exit codes: 0 nothing wrong, 1 error or something could not be found out, 2 not in sync (only with
    --detailed-exitcode), 3 something is refused, or the snapshot is older than --max-age.
    """
    if live.file and (snapshot or metrics_file):
        raise click.UsageError("--snapshot and --metrics-file tell what hosts are like now: give no --live with them")
    must_be_writable(snapshot, "--snapshot")
    with telling(Round(settings, "status", metrics_file=metrics_file)) as made:
        with made.phase("plan"):
            made.proposal = proposal = propose(question, settings, live)
        made.plan = proposal.plan
        if snapshot is not None:
            save(snapshot, proposal, open_store(settings))
        click.echo(output.status(proposal.plan, settings, format_), nl=False)
        made.status = status_of_plan(proposal.plan, detailed=detailed_exitcode)
    return made.status
