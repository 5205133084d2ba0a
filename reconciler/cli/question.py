"""The question that plan, apply and status answer: which manifests, which part of them, and what is allowed."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TypeVar, cast

import click

from reconciler.cli import candidates, options
from reconciler.core.frozen import dataclass

Result = TypeVar("Result")


DEFAULT_PATH = Path("manifests")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked on the command line."""

    paths: tuple[Path, ...] = ()  # none means the default folder
    targets: tuple[str, ...] = ()  # names of models; none means all
    hosts: tuple[str, ...] = ()  # names of hosts; none means all
    prune: bool = False
    adopt: bool = False
    locked: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Return what is asked about, as it would be written on the command line; what is allowed is left out."""
        named = (("--target", self.targets), ("--host", self.hosts))
        chosen = [f"{option} {name}" for option, names in named for name in names]
        return (*map(str, self.paths or (DEFAULT_PATH,)), *chosen)

    @property
    def title(self) -> str:
        """Return `words` as one text."""
        return " ".join(self.words)


_OPTIONS = (
    click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path)),
    click.option(
        "--target", "targets", multiple=True, metavar="NAME", shell_complete=candidates.models,
        help="Only this model, with what it is built on. May be given several times.",
    ),
    options.hosts,
    click.option(
        "--prune", is_flag=True, help="Delete what we applied, nobody changed since, and is no longer declared."
    ),
    click.option(
        "--adopt", is_flag=True, help="Take over models that are declared, there and not ours."
    ),
    click.option(
        "--locked", is_flag=True, help="Refuse what is not in the lock, as `requireLock: true` in a Policy always does."
    ),
)  # fmt: skip


def asks(command: Callable[..., Result]) -> Callable[..., Result]:
    """Return the command with the arguments and options of a question, which it gets as `question`."""

    @wraps(command)
    def with_question(*args: object, **given: object) -> Result:
        question = Question(**{name: given.pop(name) for name in Question.__dataclass_fields__})  # type: ignore[arg-type]
        ctx = click.get_current_context()
        ctx.meta[options.NAME] = f"{ctx.info_name}: {question.title}"
        return command(*args, question=question, **given)

    made = cast("Callable[..., Result]", with_question)
    for option in reversed(_OPTIONS):
        made = option(made)
    return made
