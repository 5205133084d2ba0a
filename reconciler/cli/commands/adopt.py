"""`reconciler adopt`."""

from pathlib import Path

import click

from reconciler.cli import candidates, options, output
from reconciler.cli.naming import model_name
from reconciler.cli.question import Question
from reconciler.cli.rounds import Round
from reconciler.cli.running import Manner, carry_out
from reconciler.cli.settings import Settings
from reconciler.cli.telling import telling
from reconciler.cli.wiring import open_store, propose_for
from reconciler.errors import SettingsError
from reconciler.workflow.ownership import adoption


@click.command("adopt")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=candidates.models)
@options.manifests
@options.hosts
@click.pass_obj
def command(settings: Settings, names: tuple[str, ...], manifests: tuple[Path, ...], hosts: tuple[str, ...]) -> int:
    """Begin to own models that are already on the hosts, without touching them.

    NAME is a declared model that is there and that we did not make; without NAME all such models are meant. From
    then on it is ours: if it is not what the manifest says, the next plan shows what apply would change.

    \b
      reconciler adopt                            all that are declared at manifests/
      reconciler adopt llama3.2:1b --host gpu-01

    \b
    Exit codes: 0 done, 1 error, or there is nothing to adopt, 4 done in part.
    """
    with telling(Round(settings, "adopt")) as made:
        store = open_store(settings)
        with made.phase("plan"):
            made.proposal = proposal = propose_for(Question(paths=manifests, hosts=hosts), settings, store)
        made.plan = plan = adoption(proposal.plan, [model_name(name, "NAME") for name in names])
        if not plan.pending:
            asked = " of that name" if names else ""
            raise SettingsError(f"there is no declared model{asked} that is on a host and not ours yet")
        result = carry_out(plan, proposal, store, made, Manner())
        click.echo(output.run(plan, result, settings, "text"), nl=False)
    return made.status
