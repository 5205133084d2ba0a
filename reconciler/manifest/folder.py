"""The folder of a manifest, and what is asked about it: each answer is noted, so that it can be asked for again."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.core.diagnostics import Diagnostic
from reconciler.manifest import files

Question = tuple[str, ...]  # what is asked, and about what
Answer = str | list[str] | None  # None where there was none, which is never the same again


class Folder:
    """The files that a manifest names, below the folder that it lies in."""

    def __init__(self, path: str) -> None:
        """Begin; `path` is the real one of the folder."""
        self.path = path
        self.asked: dict[Question, Answer] = {}

    def file(self, name: str) -> str:
        """Return the real, absolute path of a file; raises ValueError as `files.inside` does."""
        return str(self._answer("file", name))

    def folder(self, name: str) -> str:
        """Return the real, absolute path of a folder; raises ValueError as `files.inside_folder` does."""
        return str(self._answer("folder", name))

    def matching(self, parts: Sequence[str]) -> Iterable[str]:
        """Return the files that a pattern of these parts names, sorted; raises ValueError as `patterns.matching`."""
        return self._answer("matching", *parts) or ()

    def text(self, path: str, shown: str) -> str | Diagnostic:
        """Return the text of a file at a real path, or the finding that says why not."""
        found = files.read_text(Path(path), shown)
        self.asked["text", path] = None if isinstance(found, Diagnostic) else _digest(found)
        return found

    def answers_again(self, asked: Iterable[tuple[Sequence[str], Answer]]) -> bool:
        """Tell whether the disk gives all these answers now."""
        try:
            return all(answer is not None and self._now(*question) == answer for question, answer in asked)
        except ValueError:
            return False

    def _answer(self, *question: str) -> Answer:
        self.asked[question] = None
        self.asked[question] = self._now(*question)
        return self.asked[question]

    def _now(self, what: str, *about: str) -> Answer:
        match what:
            case "file":
                return files.inside(self.path, about[0])
            case "folder":
                return files.inside_folder(self.path, about[0])
            case "matching":
                from reconciler.manifest.patterns import matching

                return matching(self.path, about)
            case _:
                found = files.read_text(Path(about[0]), "")
                return None if isinstance(found, Diagnostic) else _digest(found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
