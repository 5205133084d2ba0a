"""`reconciler validate`."""

from pathlib import Path

import click

from reconciler.cli.settings import Settings
from reconciler.cli.wiring import load


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.pass_obj
def command(settings: Settings, paths: tuple[Path, ...]) -> int:
    """Check manifests without contacting anything.

    PATH is a file or a folder, searched for *.yaml and *.yml; the default is manifests/. Checks syntax, schema,
    references, cycles, names that Ollama could not tell apart, and that local files exist inside the manifest's
    folder. Every finding is reported at once with file:line:column; exit code 1 if there is an error.
    """
    manifests = load(paths, settings)
    models = len(manifests.resources)
    hosts = len(manifests.hosts)
    click.echo(f"Valid: {models} model{'s' * (models != 1)} for {hosts} host{'s' * (hosts != 1)}.")
    return 0
