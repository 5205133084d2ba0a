"""`reconciler status`."""

from pathlib import Path

import click

from reconciler.cli import options, output
from reconciler.cli.exit_codes import status_of_plan
from reconciler.cli.question import Question, asks
from reconciler.cli.rounds import Round
from reconciler.cli.settings import Settings
from reconciler.cli.telling import telling
from reconciler.cli.wiring import open_store, propose_for


@click.command("status")
@asks
@options.formats("text", "json")
@options.detailed
@options.metrics_file
@click.pass_obj
def command(
    settings: Settings, question: Question, format_: str, detailed_exitcode: bool, metrics_file: Path | None
) -> int:
    """Show how each model stands on each host. Changes nothing.

    What is declared is in sync, drifted (somebody else changed it), missing, outdated (upstream offers something else
    than what is locked or was applied), changed (the manifest, the lock or its base did), untested (it has yet to pass
    its test), refused or unresolved (its source could not be found out). Below that, what is no longer declared, and
    what is not managed: there, and not ours. A host that does not answer is unreachable.

    \b
    Exit codes: 0 nothing wrong, 1 error or something could not be found out, 2 not in sync (only with
    --detailed-exitcode), 3 something is refused.
    """
    with telling(Round(settings, "status", metrics_file=metrics_file)) as made:
        with made.phase("plan"):
            made.proposal = proposal = propose_for(question, settings, open_store(settings))
        made.plan = plan = proposal.plan
        click.echo(output.status(plan, settings, format_), nl=False)
        made.status = status_of_plan(plan, detailed=detailed_exitcode)
    return made.status
