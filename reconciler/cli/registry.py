"""`reconciler registry list|show|history`."""

import click

from reconciler.cli import options
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import model_name, open_store
from reconciler.errors import SettingsError

_EVENTS = 10_000  # outcomes of one run, at the most


@click.group("registry")
def command() -> None:
    """Look into our records: what was applied, when, and what came of it."""


@command.command("list")
@options.formats("text", "json")
@click.pass_obj
def list_(settings: Settings, format_: str) -> int:
    """List every model that we applied and own.

    The JSON has one key a model, `ollama:NAME`, with its provider, status and metadata.
    """
    recorded = open_store(settings).read()
    if format_ == "json":
        from reconciler.report.json_report import registry_list_json

        click.echo(registry_list_json(recorded), nl=False)
    else:
        from reconciler.report.records import registry_text

        click.echo(registry_text(recorded), nl=False)
    return 0


@command.command("show")
@click.argument("name")
@click.pass_obj
def show(settings: Settings, name: str) -> int:
    """Show everything on record about NAME, on every host."""
    from reconciler.report.records import record_text

    model = model_name(name, "NAME")
    found = [record for record in open_store(settings).read().records if record.address.model == model]
    if not found:
        raise SettingsError(f"{model} is not on record", hint="`reconciler registry list` shows what is")
    click.echo("\n".join(record_text(record) for record in found), nl=False)
    return 0


@command.command("history")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="The most runs to show.")
@options.formats("text", "json")
@click.pass_obj
def history(settings: Settings, name: str | None, limit: int, format_: str) -> int:
    """Show the latest runs and what came of each change, newest first; of NAME only, if it is given."""
    store = open_store(settings)
    model = model_name(name, "NAME") if name else None
    runs = store.runs(limit)
    events = [event for run in runs for event in store.events(run=run.id, model=model, limit=_EVENTS)]
    told = {event.run for event in events}
    runs = [run for run in runs if model is None or run.id in told]
    if format_ == "json":
        from reconciler.report.json_report import history_json

        click.echo(history_json(runs, events), nl=False)
    else:
        from reconciler.report.records import history_text

        click.echo(history_text(runs, events), nl=False)
    return 0
