"""`reconciler forget`."""

import click

from reconciler.cli import candidates, options, output
from reconciler.cli.exit_codes import status_of_run
from reconciler.cli.naming import model_name, not_on_record
from reconciler.cli.rounds import Round
from reconciler.cli.running import actor
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import open_store
from reconciler.ports import Run
from reconciler.workflow.ownership import forget


@click.command("forget")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=candidates.recorded)
@options.hosts
@click.pass_obj
def command(settings: Settings, names: tuple[str, ...], hosts: tuple[str, ...]) -> int:
    """Cease to own models, without touching them: they stay on the hosts, and nothing of ours changes them again.

    NAME is a model on our records (`reconciler registry list`), on all hosts or on those that --host names. No host
    is asked, so this also clears the records of a host that is gone. Where one NAME is not on record, nothing is done.

    \b
      reconciler forget llama3.2:1b --host gpu-01

    \b
    Exit codes: 0 done, 1 error, or NAME is not on record.
    """
    store, made = open_store(settings), Round(settings, "forget")
    wanted = {model_name(name, "NAME") for name in names}
    here = [item for item in store.read().records if not hosts or item.address.host in hosts]
    known = {item.address.model for item in here}
    if wanted - known:
        raise not_on_record(wanted - known, known)
    chosen = [item for item in here if item.address.model in wanted]
    result = forget(chosen, store, Run(made.run, made.started_at, "forget", actor()), made.clock)
    click.echo(output.text_of_run(result, settings), nl=False)
    return status_of_run(result)
