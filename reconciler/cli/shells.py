"""How shells complete the command line: click's way, with what it lacks for names that hold a colon.

bash takes a colon for the end of a word, and models have one in their names: so the whole line is read here, and
what stands before the colon is taken off the answers. zsh and fish put an answer over the whole word, so that of
`--target=NAME` the answer has to begin with `--target=`.
"""

import os

from click import shell_completion as click_completion
from click.shell_completion import CompletionItem

PROGRAM = "reconciler"
_BASH = r"""%(complete_func)s() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} word completion type value
    word=${line##*[[:space:]]}
    [[ $word == -*=* ]] && word=${word#*=}
    [[ $COMP_WORDBREAKS == *:* ]] && word=${word%%"${word##*:}"} || word=
    COMPREPLY=()
    for completion in $(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1" 2>/dev/null); do
        type=${completion%%%%,*} value=${completion#*,}
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            *) COMPREPLY+=("${value#"$word"}") ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(click_completion.ShellComplete):
    """bash, from 4.4 on."""

    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is being written, and that one, from the line up to the cursor."""
        line = os.environ["COMP_WORDS"]
        words = click_completion.split_arg_string(line)
        return (words[1:], "") if line[-1:].isspace() else (words[1:-1], words[-1])

    def format_completion(self, item: CompletionItem) -> str:
        """Return an answer as the function in bash reads it."""
        return f"{item.type},{item.value}"


class Zsh(click_completion.ZshComplete):
    """zsh."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return answers that can stand for the whole word."""
        return _whole(incomplete, super().get_completions(args, incomplete))


class Fish(click_completion.FishComplete):
    """fish, whose function must not cut a description at its first comma."""

    source_template = click_completion.FishComplete.source_template.replace('split ","', 'split --max 1 ","')

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return answers that can stand for the whole word."""
        return _whole(incomplete, super().get_completions(args, incomplete))


SHELLS: dict[str, type[click_completion.ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def register() -> None:
    """Have click complete the ways of this module."""
    for name, shell in SHELLS.items():
        click_completion.add_completion_class(shell, name)


def _whole(incomplete: str, items: list[CompletionItem]) -> list[CompletionItem]:
    option, equals, _ = incomplete.partition("=")
    if not equals or not option.startswith("--"):
        return items
    return [CompletionItem(f"{option}={item.value}", item.type, item.help) for item in items]
