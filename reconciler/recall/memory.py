"""What is remembered of a plan: the question that it answered, all that it rested on, and what was told."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from reconciler import ourselves
from reconciler.recall import places
from reconciler.recall.exchange import Question, fingerprint
from reconciler.recall.sealed import Sealed
from reconciler.recall.tape import Tape

_OPEN = frozenset({"accept", "user-agent"})  # headers that hold no secret; every other may
_BEARER = "Bearer "
_PASSING = frozenset(
    {
        *("_", "SHLVL", "PWD", "OLDPWD", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MAINPID"),
        *("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "XDG_SESSION_ID", "WINDOWID", "TMUX", "TMUX_PANE", "LS_COLORS"),
    }
)  # variables that nobody here reads, and that are different each time


class Memory:
    """One command: what it told when all was as it may still be, and a tape for what it asks if it is not."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str]) -> None:
        self._file = Sealed(_folder(environ), _asked(words, environ))
        self._environ = environ
        self.tape = Tape()

    def told(self) -> str | None:
        """Return what was told, once everything has been looked at and asked again; None where anything differs.

        Whatever was answered meanwhile is known to the tape.
        """
        try:
            kept = json.loads(self._file.read())
            asked = {
                _question(method, url, headers, self._environ): seen for method, url, headers, seen in kept["asked"]
            }
            told = str(kept["told"])
            if places.fingerprint(kept["paths"], kept["registry"]) != kept["places"]:
                return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        if not asked:
            return told
        from reconciler.recall.asking import ask_again  # not for whoever only remembers

        answers = ask_again(asked)
        if answers.keys() == asked.keys() and all(
            fingerprint(question, answers[question]) == seen for question, seen in asked.items()
        ):
            return told
        self.tape = Tape(answers)
        return None

    def begun(self, paths: Iterable[str], registry: str) -> "Beginning":
        """Return how this machine is before a plan reads these manifests, and the registry in this file."""
        return Beginning(self._file, self._environ, tuple(paths), registry, self.tape)


class Beginning:
    """A plan that is about to be made."""

    def __init__(
        self, file: Sealed, environ: Mapping[str, str], paths: Sequence[str], registry: str, tape: Tape
    ) -> None:
        self._file, self._environ, self._paths, self._registry, self._tape = file, environ, paths, registry, tape
        self._places = places.fingerprint(paths, registry)

    def remember(self, told: str) -> None:
        """Keep what was told of a plan that found everything in sync, if all that it rests on can be looked at again.

        A memory that can't be kept costs time and nothing else.
        """
        there = places.fingerprint(self._paths, self._registry)
        if not self._tape.whole or there is None or there != self._places:
            return
        kept = {"paths": self._paths, "registry": self._registry, "places": self._places, "told": told}
        with suppress(OSError, LookupError):  # LookupError: nobody knows where a secret came from
            self._file.write(json.dumps({**kept, "asked": list(self._asked())}).encode())

    def _asked(self) -> Iterator[tuple[object, ...]]:
        """Yield each question with a fingerprint of its answer; a secret by the name of its variable, never itself."""
        names = {value: name for name, value in self._environ.items() if value}
        for question, answer in self._tape.heard.items():
            headers = [_kept(name, value, names) for name, value in question.headers]
            yield question.method, question.url, headers, fingerprint(question, answer)


def _kept(header: str, value: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is kept of a header; raises KeyError for one that holds a secret of unknown origin."""
    if header.lower() in _OPEN:
        return header, value
    scheme = _BEARER if value.startswith(_BEARER) else ""
    return header, scheme, names[value.removeprefix(scheme)]


def _question(method: str, url: str, headers: Iterable[Sequence[str]], environ: Mapping[str, str]) -> Question:
    """Return the question as it was asked; raises LookupError where a secret is gone."""
    whole = ((name, value + "".join(environ[variable] for variable in rest)) for name, value, *rest in headers)
    return Question(method, url, tuple(whole))


def _asked(words: Sequence[str], environ: Mapping[str, str]) -> bytes:
    """Return what tells one question from another: another place, terminal or variable may be another answer."""
    variables = sorted((name, value) for name, value in environ.items() if name not in _PASSING)
    streams = [(stream.isatty(), stream.encoding, _columns(stream.fileno())) for stream in (sys.stdout, sys.stderr)]
    asked = (ourselves.fingerprint(), os.getcwd(), list(words), variables, streams)
    return repr(asked).encode("utf-8", "surrogateescape")


def _columns(descriptor: int) -> int:
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return 0


def _folder(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_CACHE_HOME", "")
    root = base if os.path.isabs(base) else os.path.expanduser("~/.cache")
    return f"{root}/reconciler/plans"
