"""`reconciler import`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import candidates
from reconciler.cli.complaints import warn
from reconciler.cli.settings import Settings
from reconciler.cli.writing import write_new
from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError, SettingsError

if TYPE_CHECKING:
    from reconciler.manifest.foreign.converted import Converted

_FORMS = ("helm", "nix", "compose", "ollama-list", "modelfile")
_STDIN = "-"


@click.command("import")
@click.option("--from", "form", type=click.Choice(_FORMS), required=True, help="What FILE is.")
@click.option("--name", metavar="NAME", help="What the model is called; for a Modelfile, which does not say it.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the manifest there; never over what is there."
)
@click.argument("file", metavar="FILE|-", shell_complete=candidates.paths)
@click.pass_obj
def command(_settings: Settings, form: str, name: str | None, out: Path | None, file: str) -> int:
    """Convert what you have today into manifests, on stdout.

    \b
      reconciler import --from helm values.yaml           ollama.models of the ollama-helm chart
      reconciler import --from nix configuration.nix      services.ollama.loadModels and syncModels
      reconciler import --from compose compose.yaml       `ollama pull` and `ollama run` in its commands
      ollama list | reconciler import --from ollama-list -
      reconciler import --from modelfile --name bot Modelfile --out manifests/bot.yaml

    Nothing is run, asked or looked up. What can't be converted is a warning with file and line, and a comment in the
    manifest, which is valid as it stands. A path in a Modelfile has to lie in the manifest's folder, which is that of
    --out, or else that of the Modelfile.

    \b
    Exit codes: 0 done, 1 there is no model in FILE, or it can't be read or written, 64 wrong usage.
    """
    if (form == "modelfile") != (name is not None):
        raise click.UsageError("--name is for a Modelfile, and a Modelfile needs it")
    from reconciler.manifest.drafts import manifest_text
    from reconciler.report.text import safe

    shown = "stdin" if file == _STDIN else file
    folder = "." if file == _STDIN else str(Path(file).parent)
    home = str(out.parent) if out is not None else folder
    found = _reader(form, name, os.path.relpath(folder, home))(_text(file, shown), shown)
    comments = (f"Not converted: {item.location}: {item.message}" for item in found.findings)
    header = f"Converted from {shown} by `reconciler import --from {form}`."
    made = manifest_text(found.drafts, [header], comments, os.path.realpath(home))
    warn((*found.findings, *made.findings))
    if not made.entries:
        raise SettingsError(f"there is no model in it that could be declared (read as {form})", where=safe(shown))
    if out is None:
        click.echo(made.text.encode(), nl=False)  # a file, whatever letters the terminal has
    else:
        write_new({out: made.text})
        click.echo(f"Wrote {safe(str(out))}. `reconciler plan {safe(str(out))}` shows what it would change.")
    return 0


def _reader(form: str, name: str | None, beside: str) -> "Callable[[str, str], Converted]":
    """Return the function that converts this form."""
    from reconciler.manifest.foreign import compose, helm, modelfile, nix, ollama_list

    forms: dict[str, Callable[[str, str], Converted]] = {
        "helm": helm.convert,
        "nix": nix.convert,
        "compose": compose.convert,
        "ollama-list": ollama_list.convert,
        "modelfile": lambda text, file: modelfile.convert(text, modelfile.Place(name or "", file, beside=beside)),
    }
    return forms[form]


def _text(file: str, shown: str) -> str:
    """Return what is in the file, bounded; raises ManifestError."""
    from reconciler.manifest.files import MAX_BYTES, decode, read_text

    if file == _STDIN:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SettingsError(f"larger than {MAX_BYTES // 1024**2} MiB", where=shown)
        text = decode(content, shown)
    else:
        text = read_text(Path(file), shown)
    if isinstance(text, Diagnostic):
        raise ManifestError((text,))
    return text
