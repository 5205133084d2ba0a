"""What a plan remembers, so that the next one that finds all as it was need not be made again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.exit_codes import DONE, status_of_plan
from reconciler.cli.question import DEFAULT_PATH, Question
from reconciler.cli.settings import Settings
from reconciler.registry.store import file_of

if TYPE_CHECKING:
    from reconciler.core.plan import Plan
    from reconciler.recall.memory import Beginning


class Recalling:
    """A plan from its beginning to its end; `settings` are those to make it with."""

    def __init__(self, settings: Settings, question: Question, *, allowed: bool) -> None:
        """Begin; a plan is remembered if that is `allowed`, and its registry is a file of this machine."""
        self.settings, self._beginning = settings, None
        file = file_of(settings.registry_url)
        if settings.memory is not None and allowed and file is not None and not settings.listen:
            self._beginning = begun(settings, question.paths, str(file))
            self.settings = replace(settings, tape=settings.memory.tape)

    def end(self, plan: "Plan", told: str) -> None:
        """Remember what was told, if everything was found in sync."""
        if self._beginning is not None and status_of_plan(plan, detailed=True) == DONE:
            self._beginning.remember(told)


def begun(settings: Settings, paths: Sequence[Path], registry: str = "") -> "Beginning | None":
    """Return what a command begins with that reads these manifests, and perhaps the registry in this file."""
    if settings.memory is None:
        return None
    return settings.memory.begun(map(str, paths or (DEFAULT_PATH,)), registry)
