"""`reconciler validate`."""

from pathlib import Path

import click

from reconciler.cli import options, output
from reconciler.cli.recalling import begun
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import read
from reconciler.core.resource import Manifests


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@options.formats("text", "json", "sarif")
@click.pass_obj
def command(settings: Settings, paths: tuple[Path, ...], format_: str) -> int:
    """Check manifests without contacting anything.

    PATH is a file or a folder, searched for *.yaml and *.yml; the default is manifests/. A file whose first line is
    `# reconciler: ignore`, such as one of Kubernetes, is left out. Checks syntax, schema, references, cycles, names
    that Ollama could not tell apart, and that local files exist inside the manifest's folder. Every finding is reported
    at once with file:line:column; exit code 1 if there is an error. Files that were found good are not read again until
    they change, though what they name is looked at each time; to have all of them read anew, delete the folders
    manifests and plans in $XDG_CACHE_HOME/reconciler.

    With --format sarif the findings are SARIF 2.1.0, as code scanning takes them; run it where the repository begins:

    \b
      reconciler validate --format sarif manifests/ > reconciler.sarif
    """
    beginning = begun(settings, paths)
    loaded = read(paths, settings)
    told = output.findings(loaded.warnings, format_) if format_ != "text" else _counted(loaded.manifests)
    click.echo(told, nl=False)
    if beginning is not None and not loaded.warnings:
        beginning.remember(told)
    return 0


def _counted(manifests: Manifests) -> str:
    models = len(manifests.resources)
    hosts = len(manifests.hosts) or 1  # the one at $OLLAMA_HOST
    return f"Valid: {models} model{'s' * (models != 1)} for {hosts} host{'s' * (hosts != 1)}.\n"
