"""`reconciler lock`."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import candidates, options
from reconciler.cli.books import books_of
from reconciler.cli.exit_codes import DONE, PENDING
from reconciler.cli.naming import declared
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import locks, open_sources, read
from reconciler.core.facts import Facts
from reconciler.core.lock import Revision, revision
from reconciler.core.names import ModelName
from reconciler.core.resource import Resource
from reconciler.ports import Sources
from reconciler.workflow.lock import Book, disagreements, revised

if TYPE_CHECKING:
    from reconciler.manifest.lockfile import LockFile


@click.command("lock")
@click.argument("words", nargs=-1, metavar="[PATH | NAME]...", shell_complete=candidates.models_or_paths)
@click.option("--upgrade", is_flag=True, help="Lock anew what the models NAME refer to; all of them without NAME.")
@click.option("--check", is_flag=True, help="Only tell whether lock and manifests agree, contacting nothing.")
@options.manifests
@options.formats("text", "json")
@click.pass_obj
def command(
    settings: Settings, words: tuple[str, ...], upgrade: bool, check: bool, manifests: tuple[Path, ...], format_: str
) -> int:
    """Write down what each reference means today, so that everybody gets the same.

    \b
      reconciler lock [PATH]...             lock what is not locked yet
      reconciler lock --upgrade [NAME]...   and move what is to what upstream offers now
      reconciler lock --check [PATH]...     for CI: exit with 2 if lock and manifests disagree

    Writes reconciler.lock into each PATH that is a folder (default: manifests/), or beside it if it is a file; keep it
    in git. Where a folder above has one, up to `manifests` or the root of the git repository, the nearest is meant. For
    each reference of a Model or an adapter it says what it means: manifest and digest on the hub, commit and file on
    Hugging Face, the sha256 of a file here. Plan and apply use that from then on, and tell what is outdated; without a
    lock they follow tags and branches wherever they go.

    Entries stay as they are. Missing ones are added, and those that no manifest refers to any more are dropped, unless
    PATH is a single file. Of several sources only the one that is taken is locked, and one that is locked is taken;
    --upgrade tries them anew. It moves what the declared models NAME refer to themselves, not what they are built
    on; give the manifests with --manifests then. A manifest or a local file that contradicts its entry is an error
    that --upgrade mends. If any reference can't be resolved, nothing is written. Where there is nothing to lock, no
    file is made, and one that is there is kept, empty.

    \b
    Exit codes: 0 done or in agreement, 1 error, 2 lock and manifests disagree (only with --check).
    """
    if check and upgrade:
        raise click.UsageError("--check changes nothing, so there is nothing to --upgrade")
    paths = manifests if upgrade else (*(Path(word) for word in words), *manifests)
    resources = read(paths, settings).manifests.resources
    moved = _named(words, resources) if upgrade else frozenset[ModelName]()
    files, sources = locks(paths), open_sources(settings)
    books = books_of(files, resources, sources)
    if check:
        return _check(books, sources, settings, format_)
    after = revised(books, moved, sources)
    before = ({name: locked.pin for name, locked in book.held.items()} for book in books)
    revisions = [revision(book.file, old, new) for book, old, new in zip(books, before, after, strict=True)]
    _write(files, after)
    return _tell(revisions, settings, format_)


def _named(words: Sequence[str], resources: Sequence[Resource]) -> frozenset[ModelName]:
    """Return the models that are named, or all without a name; raises click.BadParameter."""
    known = {item.name: item for item in resources}
    names = [declared(word, known, "NAME", otherwise="a PATH is given with --manifests") for word in words]
    for name in names:
        if not known[name].chains:
            message = f"{name} refers to nothing itself: name its base {known[name].base}"
            raise click.BadParameter(message, param_hint="NAME")
    return frozenset(names or known)


def _check(books: Sequence[Book], sources: Sources, settings: Settings, format_: str) -> int:
    findings = disagreements(books, sources)
    if format_ == "json":
        from reconciler.report.findings import findings_json

        click.echo(findings_json(findings), nl=False)
    elif findings:
        from reconciler.report.terminal import diagnostics_text

        click.echo(diagnostics_text(findings, colour=settings.color, columns=settings.columns), nl=False)
    else:
        from reconciler.report.lock import agreement_text

        click.echo(agreement_text(sum(len(book.held) for book in books)), nl=False)
    return PENDING if findings else DONE


def _write(files: Sequence["LockFile"], pins: Sequence[Mapping[str, Facts]]) -> None:
    from reconciler.manifest.lockfile import write

    for file, references in zip(files, pins, strict=True):
        write(file, references)


def _tell(revisions: Sequence[Revision], settings: Settings, format_: str) -> int:
    from reconciler.report.lock import lock_json, lock_text

    as_text = partial(lock_text, colour=settings.color, columns=settings.columns)
    click.echo((lock_json if format_ == "json" else as_text)(revisions), nl=False)
    return DONE
