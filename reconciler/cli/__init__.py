"""The command line; the only room that knows all the others.

Each command is one module in `commands`, imported only when it runs; beside it is what several of them need.
"""

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli.exit_codes import ERROR, INTERRUPTED, USAGE, status_of
from reconciler.cli.screen import write_what_they_can_show
from reconciler.errors import FULL, ManifestError, ReconcilerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.recall.memory import Memory

_NO_OUTPUT = {errno.EPIPE, *FULL}  # or a pipe

COMPLETION = "_RECONCILER_COMPLETE"  # set by the function of a shell that asks how a line may go on

_MODULES = {"import": "import_"}  # by the command, where no module can be called as it is
COMMANDS = {
    "init": "Write a first folder of manifests.",
    "validate": "Check manifests without contacting anything.",
    "check": "Tell whether a model will work on Ollama, before anything is downloaded.",
    "lock": "Write down what each reference means today, so that everybody gets the same.",
    "plan": "Show what would change, why, and what it costs.",
    "diff": "Show what upstream changed about a model since it was locked or applied.",
    "apply": "Show the plan, ask, and do exactly that.",
    "watch": "Plan and apply again and again, or only tell of drift, for those without cron.",
    "status": "Show how each model stands on each host: in sync, drifted, missing, outdated, …",
    "report": "Write the fleet, the plan and the latest runs as one HTML page.",
    "adopt": "Begin to own models that are already there, without touching them.",
    "forget": "Cease to own models, without touching them.",
    "export": "Write down what is on a host as manifests, or a declared model as a Modelfile.",
    "import": "Convert what you have today (Helm, NixOS, compose, ollama list, a Modelfile) into manifests.",
    "registry": "Look into our records: what was applied, when, and what came of it.",
    "doctor": "Find what is wrong with hosts, hubs, secrets, registry and disks, and say how to mend it.",
    "completion": "Print the script that lets bash, zsh or fish complete commands, options and names.",
    "schema": "Print the JSON Schema of a kind of manifest.",
}


class LazyGroup(click.Group):
    """A group that imports a command only to run it, so that the others cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"reconciler.cli.commands.{_MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; raises click.UsageError, with what is close, where there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = " or ".join(get_close_matches(name, COMMANDS))
            raise click.UsageError(f"No such command {name!r}.{f' Did you mean {close}?' if close else ''}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the commands that begin so without importing them, and the options of the group itself."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *super(click.Group, self).shell_complete(ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; where manifests can't be used, the findings are its result."""
        try:
            return super().invoke(ctx)
        except (ReconcilerError, click.ClickException, click.Abort, KeyboardInterrupt, OSError) as error:
            from reconciler.cli.settings import Settings

            _result_of(error, ctx)
            as_json = isinstance(ctx.obj, Settings) and ctx.obj.log_format == "json"
            if not as_json or (isinstance(error, OSError) and error.errno not in FULL):
                raise
            from reconciler.cli.complaints import complain

            if isinstance(error, OSError):
                _give_up_stdout()
            raise click.exceptions.Exit(complain(error, ctx, ctx.obj)) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="reconciler %(version)s")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    envvar="RECONCILER_LOG_LEVEL",
    show_default=True,
    help="What to log, to stderr.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="RECONCILER_LOG_FORMAT",
    show_default=True,
    help="How to log.",
)
@click.option(
    "--registry",
    "registry_url",
    metavar="URL",
    envvar="RECONCILER_REGISTRY",
    help="Where our records are: sqlite:///PATH or postgresql://….  [default: $XDG_STATE_HOME/reconciler/registry.db]",
)
@click.option(
    "--listen",
    metavar="ADDRESS[:PORT]",
    envvar="RECONCILER_LISTEN",
    help="An address of this machine at which hosts can fetch a locked manifest from us.  "
    "[default: loopback, for hosts on this machine]",
)
@click.option("--no-color", is_flag=True, help="Never write colours, as with NO_COLOR=1.")
@click.pass_context
def cli(
    ctx: click.Context,
    log_level: str,
    log_format: str,
    registry_url: str | None,
    listen: str | None,
    no_color: bool,
) -> None:
    """Declare the models that Ollama hosts should have, see what would change, and apply exactly that.

    Results go to stdout, logs and progress to stderr. Nothing that reconciler did not make is ever
    changed or deleted.

    \b
    Exit codes: 0 done or in sync, 1 error, 2 changes pending (with --detailed-exitcode),
    3 refused (unsafe, stale, or not ours), 4 applied in part, 64 wrong usage.
    """
    from dataclasses import replace

    from reconciler.cli.settings import Settings

    settings = Settings.read(log_level, log_format, registry_url, color=not no_color, listen=listen)
    ctx.obj = replace(settings, memory=ctx.obj)
    ctx.color = ctx.obj.color or None  # else click takes colours out where there is no terminal


def main(args: Sequence[str] | None = None, memory: "Memory | None" = None) -> None:
    """Run the command line and exit with its status; only a bug ends in a traceback.

    `memory` is what a plan may remember.
    """
    _open_what_is_closed()
    write_what_they_can_show()
    sys.exit(run(args, memory))


def _open_what_is_closed() -> None:
    """Open a standard stream that the caller closed to nowhere: else the next file that is opened takes its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def run(args: Sequence[str] | None = None, memory: "Memory | None" = None) -> int:
    """Run the command line and return its exit status."""
    if COMPLETION in os.environ:
        from reconciler.cli.shells import register

        register()
    try:
        return int(cli.main(args, prog_name="reconciler", standalone_mode=False, obj=memory) or 0)
    except click.ClickException as error:
        error.show()
        return USAGE if isinstance(error, click.UsageError) else ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except ReconcilerError as error:
        click.echo(_told(error), err=True, nl=False)
        return status_of(error)
    except OSError as error:
        return unwritten(error)


def unwritten(error: OSError) -> int:
    """Return the exit status where the result can't be written, told if there is anybody; raises what is no such."""
    if error.errno not in _NO_OUTPUT:
        raise error
    _give_up_stdout()
    if error.errno != errno.EPIPE:
        click.echo(f"error: the result can't be written: {error.strerror}", err=True)
    return ERROR


def _result_of(error: BaseException, ctx: click.Context) -> None:
    if isinstance(error, ReconcilerError):
        from reconciler.cli.options import FORMAT, NAME
        from reconciler.cli.output import trouble

        click.echo(trouble(error, ctx.meta.get(FORMAT, ""), ctx.meta.get(NAME, "")), nl=False)


def _told(error: ReconcilerError) -> str:
    from reconciler.report.terminal import diagnostics_text, error_text

    if isinstance(error, ManifestError):
        return diagnostics_text(error.diagnostics, colour=False)
    return error_text(error)


def _give_up_stdout() -> None:
    """Let what is still to be written go nowhere, so that the interpreter does not fail at it again when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
