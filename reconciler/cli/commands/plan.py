"""`reconciler plan`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output
from reconciler.cli.exit_codes import status_of_plan
from reconciler.cli.question import Question, asks
from reconciler.cli.recalling import Recalling
from reconciler.cli.settings import Settings
from reconciler.cli.snapshots import Live, propose
from reconciler.cli.snapshots import live as from_snapshot

if TYPE_CHECKING:
    from reconciler.cli.wiring import Proposal
    from reconciler.core.plan import Plan


@click.command("plan")
@asks
@options.formats("text", "json", "markdown")
@options.detailed
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.json",
    help="Save the plan: `reconciler apply FILE.json` does exactly that, or refuses.",
)
@click.option(
    "--graph",
    type=click.Choice(["mermaid", "dot"]),
    help="Print a graph of what is made from what, and what would happen to it, instead of the plan.",
)
@from_snapshot
@click.pass_obj
def command(
    settings: Settings,
    question: Question,
    format_: str,
    detailed_exitcode: bool,
    out: Path | None,
    graph: str | None,
    live: Live,
) -> int:
    """Show what would change, why, and what it costs. Changes nothing.

    Compares the manifests at PATH (default: manifests/) with what each host reports, with what was applied before
    and with what upstream offers now. For every change: the reason, the fields, the bytes to move, the disk.
    Models that we did not make are never touched: one that is declared and not ours is refused, unless all that
    the host shows of it is what is declared, or --adopt is given. Where upstream moved, what that changed is told
    layer by layer; what is locked stays as it is locked, and is shown as outdated.

    --format markdown is a comment for a pull request. It begins with a line that is the same for every plan of these
    manifests, so that a pipeline can find the comment and replace it. --graph draws what is made from what. In CI that
    reaches no host, --live plans from what `status --snapshot` saw; what that lacks stays unknown.

    \b
      reconciler plan --format markdown > comment.md
      reconciler plan --graph dot | dot -Tsvg > plan.svg
      reconciler plan --live snapshot.json --max-age 24h

    \b
    Exit codes: 0 nothing wrong, 1 error or something could not be found out, 2 changes pending (only with
    --detailed-exitcode), 3 something is refused, or the snapshot is older than --max-age.
    """
    _must_make_sense(format_, graph, out, live)
    recalling = Recalling(settings, question, allowed=out is None and live.file is None)
    proposal = propose(question, recalling.settings, live)
    plan = _with_news(proposal)
    if out is not None:
        _save(out, question, plan)
    told = output.plan(plan, settings, graph or format_, question.title)
    click.echo(told, nl=False)
    recalling.end(plan, told)
    return status_of_plan(plan, detailed=detailed_exitcode)


def _with_news(proposal: "Proposal") -> "Plan":
    from reconciler.workflow.news import with_news

    return with_news(proposal.plan, proposal.world.recorded, proposal.world.sources)


def _save(out: Path, question: Question, plan: "Plan") -> None:
    from reconciler.cli.saved import save

    save(out, question, plan)


def _must_make_sense(format_: str, graph: str | None, out: Path | None, live: Live) -> None:
    if graph and format_ != "text":
        raise click.UsageError(f"--graph {graph} is a format of its own: give no --format with it")
    if live.file and out:
        raise click.UsageError("a plan that was made from a snapshot can't be saved: only one made from the hosts can")
