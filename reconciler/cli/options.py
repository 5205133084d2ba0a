"""Arguments and options that several commands share, with one wording for each."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])

paths = click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
targets = click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    help="Only this model, with what it is built on. May be given several times.",
)
hosts = click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="Only this host. May be given several times."
)
detailed = click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="RECONCILER_DETAILED_EXITCODE",
    help="Exit with 2 when changes are pending.",
)


def formats(*names: str) -> Callable[[Command], Command]:
    """Return the option `--format` with these choices, the first one as default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="How to print the result.",
    )
