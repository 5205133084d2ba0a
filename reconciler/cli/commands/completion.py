"""`reconciler completion`."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script that lets a shell complete commands, options, files, and the names of models and hosts.

    Names come from the manifests and from our records; no host and no hub is ever asked for them.

    \b
    For this session:
      source <(reconciler completion bash)
      source <(reconciler completion zsh)
      reconciler completion fish | source

    \b
    For every session:
      reconciler completion bash > ~/.local/share/bash-completion/completions/reconciler
      reconciler completion zsh > ~/.zfunc/_reconciler    # with ~/.zfunc in fpath, before compinit
      reconciler completion fish > ~/.config/fish/completions/reconciler.fish

    zsh needs its completion system: `autoload -U compinit; compinit` before the script is sourced.
    """
    from reconciler.cli import COMPLETION
    from reconciler.cli.shells import PROGRAM, SHELLS

    click.echo(SHELLS[shell](ctx.find_root().command, {}, PROGRAM, COMPLETION).source(), nl=False)
    return 0
