"""The question that plan, apply and status answer: which manifests, which part of them, and what is allowed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TypeVar, cast

import click

from reconciler.cli import options

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked on the command line."""

    paths: tuple[Path, ...] = ()  # none means the default folder
    targets: tuple[str, ...] = ()  # names of models; none means all
    hosts: tuple[str, ...] = ()  # names of hosts; none means all
    prune: bool = False
    adopt: bool = False
    locked: bool = False


_OPTIONS = (
    click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path)),
    click.option(
        "--target", "targets", multiple=True, metavar="NAME",
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
    def with_question(*args: object, **options: object) -> Result:
        given = {name: options.pop(name) for name in Question.__dataclass_fields__}
        return command(*args, question=Question(**given), **options)  # type: ignore[arg-type]

    made = cast("Callable[..., Result]", with_question)
    for option in reversed(_OPTIONS):
        made = option(made)
    return made
