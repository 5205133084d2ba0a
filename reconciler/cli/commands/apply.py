"""`reconciler apply`."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from reconciler.cli import options, output
from reconciler.cli.listening import lines
from reconciler.cli.question import Question, asks
from reconciler.cli.recalling import Recalling
from reconciler.cli.rounds import Round
from reconciler.cli.running import Manner, carry_out
from reconciler.cli.saved import as_saved, saved_plan
from reconciler.cli.settings import Settings
from reconciler.cli.telling import telling
from reconciler.cli.wiring import open_store, propose_for
from reconciler.core.outcome import RunResult
from reconciler.core.plan import Plan
from reconciler.errors import SettingsError, StalePlan
from reconciler.workflow.news import with_news
from reconciler.workflow.propose import World

_ANEW = 2  # times that a plan is made once more; a registry that is busier than that is worth telling about

Made = tuple[Plan, str, RunResult]
"""A plan, how it was shown, and what came of it."""


@click.command("apply")
@asks
@options.formats("text", "json", "markdown")
@click.option("--auto-approve", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@options.parallelism
@options.lease_timeout
@options.no_cache
@options.metrics_file
@click.pass_obj
def command(
    settings: Settings,
    question: Question,
    format_: str,
    auto_approve: bool,
    parallelism: int,
    lease_timeout: float,
    no_cache: bool,
    metrics_file: Path | None,
) -> int:
    """Show the plan, ask, and do exactly that.

    PATH is a manifest or a folder of them (default: manifests/), or a plan that `plan --out` saved: then exactly
    that plan is applied, without asking, or it is refused as stale because something that it rests on has moved.

    Each change is put on record the moment it is known, and believed only after the host was read again. A change
    that fails leaves the old model as it was, and only what is built on it is skipped. Applying again finds
    nothing to do. Ctrl-C finishes the change in hand and stops; a second one stops at once. Where another run
    applied in the meantime, nothing is done by a plan that somebody has seen; with --auto-approve it is made anew.

    \b
    Example, in cron:
      reconciler --log-format json apply --auto-approve --metrics-file /var/lib/node-exporter/reconciler.prom

    \b
    Exit codes: 0 done or in sync, 1 error, 3 refused or stale, 4 applied in part, 130 or 143 interrupted.
    """
    manner = Manner(parallelism, lease_timeout, passing=no_cache)
    with telling(Round(settings, "apply", metrics_file=metrics_file)) as made:
        _applied(question, format_, manner, made, approved=auto_approve)
    return made.status


def _applied(question: Question, format_: str, manner: Manner, made: Round, *, approved: bool) -> None:
    """Plan, show, ask unless it is approved, carry out, and tell what came of it."""
    settings = made.settings
    saved, store = saved_plan(question), open_store(settings)
    recalling = Recalling(settings, question, allowed=saved is None and format_ == "text" and made.is_quiet)

    def planned_and_done() -> Made:
        with made.phase("plan"):
            made.proposal = proposal = propose_for(saved.question if saved else question, recalling.settings, store)
        made.plan = plan = as_saved(saved, proposal.plan) if saved else proposal.plan
        told = _show(plan, proposal.world, settings) if format_ == "text" else ""
        _confirm(plan, approved=approved or saved is not None)
        return plan, told, carry_out(plan, proposal, store, made, manner)

    any_plan = approved and saved is None
    plan, told, result = _anew_while_stale(planned_and_done, made) if any_plan else planned_and_done()
    if plan.pending or format_ != "text":
        click.echo(output.run(plan, result, settings, format_, question.title), nl=False)
    if not result.outcomes and not store.leases():  # whoever holds one may leave something to clear up
        recalling.end(plan, told)


def _anew_while_stale(planned_and_done: Callable[[], Made], made: Round) -> Made:
    """Plan anew where another run applied before this one's first write: whatever the plan is, it is approved."""
    for _ in range(_ANEW):
        try:
            return planned_and_done()
        except StalePlan as error:
            lines(made.settings, made.clock).event("warning", "planned_anew", run=made.run, why=error.message)
    return planned_and_done()


def _show(plan: Plan, world: World, settings: Settings) -> str:
    told = output.plan(with_news(plan, world.recorded, world.sources), settings, "text")
    click.echo(told, nl=False)
    return told


def _confirm(plan: Plan, *, approved: bool) -> None:
    """Ask, where anything would be written; without a terminal there is nobody to ask, and that is a no."""
    if approved or not plan.writes:
        return
    if not sys.stdin.isatty():
        raise SettingsError("nothing was done: there is no terminal to confirm at", hint="give --auto-approve")
    try:
        answer = click.prompt("Apply this? Only 'yes' is a yes", default="no", show_default=False, err=True)
    except click.Abort:  # Ctrl-C, or the end of the input
        click.echo("\nnothing was done", err=True)
        raise
    if answer != "yes":
        raise SettingsError("nothing was done: not approved")
