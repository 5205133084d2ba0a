"""`reconciler report`."""

from pathlib import Path

import click

from reconciler.cli.clock import SystemClock
from reconciler.cli.exit_codes import status_of_plan
from reconciler.cli.history import latest
from reconciler.cli.question import Question, asks
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import open_store, propose_for
from reconciler.errors import SettingsError
from reconciler.workflow.news import with_news

_RUNS = 40  # on the page, at the most
_STDOUT = Path("-")


@click.command("report")
@asks
@click.option(
    "--html",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="The page to write, whole or not at all; - writes it to stdout.",
)
@click.pass_obj
def command(settings: Settings, question: Question, file: Path) -> int:
    """Write the fleet, the plan and the latest runs as one HTML page. Changes nothing else.

    The page says what `plan` says, of the manifests at PATH (default: manifests/): how each model stands on each
    host, what would change and why, what is refused, outdated or not known, and what came of the latest runs. It is
    one file that loads nothing, works without scripts and can be printed: to attach to a change, or to put on a wall.

    \b
      reconciler report --html fleet.html
      reconciler report --html - manifests/ --host gpu-01 | mail-it

    \b
    Exit codes: 0 nothing wrong, 1 error or something could not be found out, 3 something is refused. The page is
    written where a host is silent or something is refused, too.
    """
    from reconciler.report.html.page import Report, page

    store = open_store(settings)
    proposal = propose_for(question, settings, store)
    plan = with_news(proposal.plan, proposal.world.recorded, proposal.world.sources)
    runs, events = latest(store, _RUNS)
    registry = settings.registry_url.partition("?")[0]
    told = Report(plan, SystemClock().now(), _asked(question), registry, runs, events, store.leases())
    _write(file, page(told))
    return status_of_plan(plan, detailed=False)


def _asked(question: Question) -> tuple[str, ...]:
    """Return the manifests and the options as they would be written on the command line."""
    flags = [f"--{name}" for name in ("prune", "adopt", "locked") if getattr(question, name)]
    return (*question.words, *flags)


def _write(file: Path, text: str) -> None:
    from reconciler.manifest import files

    if file == _STDOUT:
        click.echo(text.encode(), nl=False)  # a file, whatever letters the terminal has
        return
    try:
        files.replace(file, text)
    except OSError as error:
        raise SettingsError.unwritten("the page can't be written", error, file) from error
