"""`reconciler init`."""

import shlex
from pathlib import Path

import click

from reconciler.cli.question import DEFAULT_PATH
from reconciler.cli.settings import Settings
from reconciler.cli.writing import write_new

_FILE = "models.yaml"


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=DEFAULT_PATH, type=click.Path(path_type=Path))
@click.pass_obj
def command(_settings: Settings, folder: Path) -> int:
    """Write a first folder of manifests.

    DIR (default: manifests/) gets models.yaml, with a small real model, a model that is built on it, and comments
    that say how to go on; and reconciler.schema.json, by which editors complete and check it. No host and no hub is
    asked, and no file that is there already is overwritten.

    \b
      reconciler init            writes manifests/models.yaml
      reconciler init fleet/eu   writes fleet/eu/models.yaml

    \b
    Exit codes: 0 done, 1 a file is there already or can't be written.
    """
    from reconciler.manifest.schema import published
    from reconciler.manifest.starter import SCHEMA_FILE, STARTER

    files = {folder / _FILE: STARTER, folder / SCHEMA_FILE: published()}
    write_new(files)
    click.echo(_told(folder, [str(path) for path in files]))
    return 0


def _told(folder: Path, written: list[str]) -> str:
    from reconciler.report.text import safe

    path = "" if folder == DEFAULT_PATH else f" {safe(shlex.quote(str(folder)))}"
    steps = {
        f"reconciler validate{path}": "checks it; contacts nothing",
        f"reconciler plan{path}": "shows what would change on $OLLAMA_HOST",
        f"reconciler apply{path}": "shows that again, asks, and does it",
    }
    width = max(map(len, steps))
    lines = [f"Wrote {safe(' and '.join(written))}.", "", "Edit it, then:"]
    return "\n".join([*lines, *(f"  {step:<{width}}  {what}" for step, what in steps.items())])
