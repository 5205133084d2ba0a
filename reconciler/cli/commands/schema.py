"""`reconciler schema`."""

import click

from reconciler.cli.settings import Settings


@click.command("schema")
@click.argument("kind", required=False)
@click.pass_obj
def command(_settings: Settings, kind: str | None) -> int:
    """Print the JSON Schema (2020-12) of KIND: Model, FineTune, Host or Policy; of any manifest without KIND.

    With `lock` as KIND, that of the lock; with `snapshot`, that of what `status --snapshot` writes; with `report`, that
    of all that --format json prints and `plan --out` saves. Editors complete and check manifests with it. Save it, and
    point to it in the first line of a manifest:

    \b
        # yaml-language-server: $schema=reconciler.schema.json
    """
    from reconciler.manifest.schema import REPORT, kinds, published

    known = {name.lower(): name for name in (*kinds(), "lock", "snapshot", REPORT)}
    if kind is not None and kind.lower() not in known:
        message = f"there is no kind {kind!r}; there are: {', '.join(known.values())}"
        raise click.BadParameter(message, param_hint="KIND")
    click.echo(published(known[kind.lower()] if kind else None))
    return 0
