"""`reconciler registry list|show|history`."""

import click

from reconciler.cli import candidates, options
from reconciler.cli.history import latest, latest_of
from reconciler.cli.naming import model_name, not_on_record
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import open_store


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

        click.echo(registry_text(recorded, settings.columns), nl=False)
    return 0


@command.command("show")
@click.argument("name", shell_complete=candidates.recorded)
@click.pass_obj
def show(settings: Settings, name: str) -> int:
    """Show everything on record about NAME, on every host.

    \b
    Exit codes: 0 done, 1 error, or NAME is not on record.
    """
    from reconciler.report.records import record_text

    model = model_name(name, "NAME")
    records = open_store(settings).read().records
    found = [record for record in records if record.address.model == model]
    if not found:
        raise not_on_record([model], (record.address.model for record in records))
    click.echo("\n".join(record_text(record, settings.columns) for record in found), nl=False)
    return 0


@command.command("history")
@click.argument("name", required=False, shell_complete=candidates.recorded)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="The most runs to show.")
@options.formats("text", "json")
@click.pass_obj
def history(settings: Settings, name: str | None, limit: int, format_: str) -> int:
    """Show the latest runs and what came of each change.

    The newest run comes first. With NAME, only what came of that model, which may be gone by now.

    \b
    Exit codes: 0 done, 1 error, or nothing was ever done about NAME.
    """
    store = open_store(settings)
    model = model_name(name, "NAME") if name else None
    runs, events = latest(store, limit) if model is None else latest_of(store, model, limit)
    if model is not None and not events:
        known = {record.address.model for record in store.read().records}
        if model not in known:
            raise not_on_record([model], known)
    if format_ == "json":
        from reconciler.report.json_report import history_json

        click.echo(history_json(runs, events), nl=False)
    else:
        from reconciler.report.records import history_text

        click.echo(history_text(runs, events, settings.columns), nl=False)
    return 0
