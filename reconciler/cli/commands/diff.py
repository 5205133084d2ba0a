"""`reconciler diff`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from reconciler.cli import candidates, options, output
from reconciler.cli.exit_codes import DONE, ERROR, PENDING
from reconciler.cli.naming import declared
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import load, locked, open_sources, open_store, select
from reconciler.core.names import HostName, ModelName
from reconciler.core.resource import Manifests
from reconciler.errors import SettingsError
from reconciler.workflow.as_left import as_left
from reconciler.workflow.resolve import Locking


@click.command("diff")
@click.argument("name", shell_complete=candidates.models)
@options.manifests
@options.hosts
@options.formats("text", "json")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="RECONCILER_DETAILED_EXITCODE",
    help="Exit with 2 when upstream offers something new.",
)
@click.pass_obj
def command(
    settings: Settings,
    name: str,
    manifests: tuple[Path, ...],
    hosts: tuple[str, ...],
    format_: str,
    detailed_exitcode: bool,
) -> int:
    """Show what upstream changed about NAME since it was locked or applied. Changes nothing.

    NAME is a declared model. What the lock says of it, or what is on record where it is not locked, is compared with
    what upstream offers now, layer by layer: the weights and the bytes to fetch, the template as a unified diff, each
    parameter, system prompt, licence, adapter, projector, and what the config says; on Hugging Face the commit and the
    file. Then come the declared builds that would be made anew. Of a build, what it stands on is told as well.

    Only small layers are read, never weights, and no host is asked: what is on record is what was applied. What is the
    same on several hosts is told once.

    \b
    Exit codes: 0 nothing wrong, 1 error or upstream could not say, 2 upstream offers something new (only with
    --detailed-exitcode), 64 no such model is declared.
    """
    from reconciler.report.upstream import NEW, UNKNOWN, told

    wanted = load(manifests, settings)
    model = declared(name, (item.name for item in wanted.resources), "NAME")
    selection = select((str(model),), hosts, wanted)
    recorded = open_store(settings).read()
    plan = as_left(wanted, selection, Locking(locked(manifests)), recorded, open_sources(settings))
    found = told(plan, recorded, _chain(model, wanted), _bases(wanted))
    if not found:
        raise SettingsError(f"{model} is for none of these hosts", hint="compare `hosts` in its manifest with --host")
    click.echo(output.diff(found, settings, format_), nl=False)
    standings = {item.entry.standing for item in found}
    if standings & UNKNOWN:
        return ERROR
    return PENDING if detailed_exitcode and standings & NEW else DONE


def _chain(model: ModelName, manifests: Manifests) -> Sequence[ModelName]:
    """Return a model and what it is built on, downwards."""
    below = {item.name: item.base for item in manifests.resources}
    found = [model]
    while (base := below.get(found[-1])) is not None and base not in found:
        found.append(base)
    return found


def _bases(manifests: Manifests) -> Mapping[HostName, Mapping[ModelName, ModelName]]:
    """Return what each declared build stands on, by the hosts that it is for."""
    builds = {item: item.base for item in manifests.resources if item.base is not None}
    return {
        host.name: {item.name: base for item, base in builds.items() if item.hosts.matches(host.labels)}
        for host in manifests.hosts
    }
