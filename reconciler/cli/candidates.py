"""What may stand at a place of the command line: names from the manifests and from our records.

A shell waits while the user holds a key, so nobody is asked and nothing is ever said: manifests that are wrong, or a
registry that can't be read here and now, offer nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.core.resource import Manifests
    from reconciler.core.state import Recorded

_LOCAL = "sqlite://"


def models(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[str]:
    """Return the declared models."""
    return _beginning(incomplete, (str(item.name) for item in _declared(ctx).resources), ctx, option)


def hosts(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[str]:
    """Return the declared hosts, or the one that is meant where none is."""
    names = (str(spec.name) for spec in _declared(ctx).hosts)
    return _beginning(incomplete, tuple(names) or ("default",), ctx, option)


def recorded(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[str]:
    """Return the models on our records, where those are on this machine."""
    return _beginning(incomplete, (str(item.address.model) for item in _records(ctx)), ctx, option)


def models_or_paths(ctx: click.Context, option: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Return the declared models where `--upgrade` wants their names, else leave it to the shell to offer files."""
    from click.shell_completion import CompletionItem

    if ctx.params.get("upgrade"):
        return [CompletionItem(name) for name in models(ctx, option, incomplete)]
    return [CompletionItem(incomplete, type="file")]


def paths(_ctx: click.Context, _option: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Leave it to the shell to offer files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _beginning(incomplete: str, names: Iterable[str], ctx: click.Context, option: click.Parameter) -> list[str]:
    """Return the names that begin so, sorted, without those that are given already."""
    value, begun = ctx.params.get(option.name or ""), incomplete.lower()
    given = set(value) if isinstance(value, tuple) else set()
    return sorted({name for name in names if name.lower().startswith(begun)} - given)


def _declared(ctx: click.Context) -> "Manifests":
    """Return what the manifests declare that the command line names so far; nothing where they can't be read."""
    from reconciler.core.resource import Manifests
    from reconciler.manifest.load import load

    try:
        return load(tuple(_places(ctx)) or (Path("manifests"),)).manifests
    except (ReconcilerError, OSError):
        return Manifests((), ())


def _places(ctx: click.Context) -> Iterator[Path]:
    for name in ("paths", "manifests"):
        for place in ctx.params.get(name) or ():
            if isinstance(place, Path):
                yield place


def _records(ctx: click.Context) -> "tuple[Recorded, ...]":
    """Return our records, where they are on this machine."""
    import os

    from reconciler.cli.settings import default_registry
    from reconciler.registry.store import open_store

    url = ctx.find_root().params.get("registry_url") or default_registry(os.environ)
    if not url.startswith(_LOCAL):
        return ()
    try:
        store = open_store(url, lineage=str)
        try:
            return store.read().records
        finally:
            store.close()
    except (ReconcilerError, OSError):
        return ()
