"""Arguments and options that several commands share, with one wording for each."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from reconciler.cli import candidates

FORMAT = "reconciler.format"  # in click's `meta`: the format that was asked for
NAME = "reconciler.name"  # there too: what was asked about

Command = TypeVar("Command", bound=Callable[..., object])

detailed = click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="RECONCILER_DETAILED_EXITCODE",
    help="Exit with 2 when changes are pending.",
)
hosts = click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    shell_complete=candidates.hosts,
    help="Only this host. May be given several times.",
)
manifests = click.option(
    "--manifests",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A manifest or a folder of them. May be given several times.  [default: manifests]",
)
parallelism = click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=10,
    show_default=True,
    envvar="RECONCILER_PARALLELISM",
    help="How many hosts to work on at once.",
)
lease_timeout = click.option(
    "--lease-timeout",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    envvar="RECONCILER_LEASE_TIMEOUT",
    help="How long to wait for a host that another run is working on. One that was killed is not waited for where that"
    " can be proved (on the same machine, Linux), and elsewhere no longer than a minute.",
)
no_cache = click.option(
    "--no-cache",
    is_flag=True,
    envvar="RECONCILER_NO_CACHE",
    help="Write no download to this machine's disk: what hosts lack goes through memory (150 MB at most), one blob"
    " after the other, at the pace of the slowest host. What breaks off on its way to a host begins anew, from its hub."
    " Parts of a split GGUF can't be merged so.",
)
metrics_file = click.option(
    "--metrics-file",
    type=click.Path(path_type=Path),
    metavar="FILE.prom",
    envvar="RECONCILER_METRICS_FILE",
    help="Write metrics there at the end, however it ends, for the textfile collector of Prometheus' node exporter.",
)


def formats(*names: str) -> Callable[[Command], Command]:
    """Return the option `--format` with these choices, the first one as default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        callback=_remembered,
        help="How to print the result." + " Markdown is a comment for a pull request." * ("markdown" in names),
    )


def _remembered(ctx: click.Context, _option: click.Parameter, chosen: str) -> str:
    """Let the group know the format as well: findings about manifests are printed there, for every command."""
    ctx.meta[FORMAT] = chosen
    return chosen
