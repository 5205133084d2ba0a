"""`reconciler check`."""

import re
from pathlib import Path

import click

from reconciler.cli import candidates, options
from reconciler.cli.exit_codes import DONE, ERROR
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import source_context
from reconciler.core.compatibility import judge

_PREFIXES = {"hf": "huggingface", "huggingface": "huggingface", "ollama": "ollama"}
_REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*(@(?!\.)(?!.*\.\.)[!-~]+)?", re.ASCII)
_PATHS = ("./", "../", "/", "~/")
_FORMS = "give hf:ORG/REPO[@REVISION], ollama:NAME, ./FILE.gguf or ./FOLDER"


@click.command("check")
@click.argument("source", shell_complete=candidates.paths)
@options.formats("text", "json")
@click.pass_obj
def command(settings: Settings, source: str, format_: str) -> int:
    """Tell whether a model will work on Ollama, before anything is downloaded.

    SOURCE is hf:ORG/REPO[@REVISION] for a Hugging Face repo, ollama:NAME for a name on the Ollama hub or on another
    registry, or a path to a file or a folder. Shows format, architecture, parameters, context length, quantisations
    with their sizes, licence and access, what to write in a manifest, and what to do instead where it does not work.
    Nothing larger than headers is read, and pickles are never opened.

    \b
    Exit codes: 0 works, maybe with something beside it, 1 does not, or could not be found out, 64 wrong usage.
    """
    from reconciler.report.compatibility import check_json, check_text
    from reconciler.sources import inspect

    kind, reference = _reference(source)
    found = inspect(kind, source_context(settings), reference)
    verdict = judge(found)
    if format_ == "json":
        click.echo(check_json(found, verdict), nl=False)
    else:
        click.echo(check_text(found, verdict, colour=settings.color, columns=settings.columns), nl=False)
    return DONE if verdict.good else ERROR


def _reference(source: str) -> tuple[str, str]:
    """Return the type of source and the reference that are meant; raises click.BadParameter for what may mean two."""
    prefix, colon, rest = source.partition(":")
    kind = _PREFIXES.get(prefix.lower()) if colon and rest else None
    if kind == "huggingface" and not _REPO.fullmatch(rest):
        raise click.BadParameter(f"{rest!r} is not a repo: {_FORMS}", param_hint="SOURCE")
    if kind is not None:
        return kind, rest
    if source.startswith(_PATHS) or source.endswith(".gguf") or (source and Path(source).exists()):
        return "gguf", str(Path(source).expanduser())
    raise click.BadParameter(f"{source!r} may be a repo, a name or a path: {_FORMS}", param_hint="SOURCE")
