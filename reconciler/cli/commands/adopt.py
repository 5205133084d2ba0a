"""`reconciler adopt`."""

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli import candidates, options, output
from reconciler.cli.exit_codes import DONE, ERROR
from reconciler.cli.naming import did_you_mean, model_name
from reconciler.cli.question import Question
from reconciler.cli.rounds import Round
from reconciler.cli.running import Manner, carry_out
from reconciler.cli.settings import Settings
from reconciler.cli.telling import telling
from reconciler.cli.wiring import open_store, propose_for
from reconciler.core.names import ModelName
from reconciler.core.plan import Plan
from reconciler.errors import SettingsError
from reconciler.report.sentences import incomplete
from reconciler.report.text import counted
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
    Exit codes: 0 done, or all of them are ours already, 1 error, or NAME is not declared or on no host, 4 done in part.
    """
    with telling(Round(settings, "adopt")) as made:
        store = open_store(settings)
        with made.phase("plan"):
            made.proposal = proposal = propose_for(Question(paths=manifests, hosts=hosts), settings, store)
        wanted = [model_name(name, "NAME") for name in names]
        for name in wanted:
            _check(name, proposal.plan)
        made.plan = plan = adoption(proposal.plan, wanted)
        if plan.pending:
            result = carry_out(plan, proposal, store, made, Manner())
            click.echo(output.run(plan, result, settings, "text"), nl=False)
        else:
            click.echo(_told(proposal.plan, wanted))
            made.status = DONE if proposal.plan.complete else ERROR
    return made.status


def _check(name: ModelName, plan: Plan) -> None:
    """Raise SettingsError for a model that can't be adopted: not declared, on no host, or not to be resolved."""
    here = [change for change in plan.changes if change.address.model == name and change.location is not None]
    if not here:
        known = {change.address.model for change in plan.changes if change.location is not None}
        raise SettingsError(f"nothing was done: no resource is named {name}", hint=did_you_mean(name, known))
    there = [change for change in here if change.before is not None]
    if not there:
        hint = "`reconciler apply` brings it there"
        raise SettingsError(f"nothing was done: {name} is on no host that answers", hint=hint)
    if all(change.after is None for change in there):
        raise SettingsError(f"nothing was done: {there[0].note}", hint=there[0].hint, where=str(there[0].address))


def _told(plan: Plan, wanted: Sequence[ModelName]) -> str:
    """Return why there is nothing to adopt, and what is not known."""
    here = [item.address.model for item in plan.changes if item.after is not None and item.before is not None]
    count = sum(not wanted or name in wanted for name in here)
    ours = f"{counted(count, 'model')} {'is' if count == 1 else 'are'} ours already"
    told = f"Nothing to adopt: {ours if count else 'no declared model is on a host'}."
    return "\n".join(filter(None, (told, incomplete(plan))))
