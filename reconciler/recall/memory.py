"""What is remembered of a plan: the question that it answered, all that it rested on, and what was told."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from reconciler import __version__
from reconciler.recall import places
from reconciler.recall.exchange import Question, fingerprint
from reconciler.recall.tape import Tape

_KEPT = 64  # memories; the oldest go
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
        self._path = f"{_folder(environ)}/{_key(words, environ)}.json"
        self._environ = environ
        self.tape = Tape()

    def told(self) -> str | None:
        """Return what was told, once everything has been looked at and asked again; None where anything differs.

        Whatever was answered meanwhile is known to the tape.
        """
        try:
            with open(self._path, "rb") as file:
                kept = json.loads(file.read())
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
        return Beginning(self._path, self._environ, tuple(paths), registry, self.tape)


class Beginning:
    """A plan that is about to be made."""

    def __init__(self, path: str, environ: Mapping[str, str], paths: Sequence[str], registry: str, tape: Tape) -> None:
        self._path, self._environ, self._paths, self._registry, self._tape = path, environ, paths, registry, tape
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
            _write(self._path, json.dumps({**kept, "asked": list(self._asked())}))

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


def _write(path: str, text: str) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    beside = f"{path}.{os.getpid()}"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(beside, path)
    with os.scandir(folder) as entries:
        ages = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    for _, old in ages[:-_KEPT]:
        os.unlink(old)


def _key(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return what tells one question from another: another place, terminal or variable may be another answer."""
    variables = sorted((name, value) for name, value in environ.items() if name not in _PASSING)
    streams = [(stream.isatty(), stream.encoding, _columns(stream.fileno())) for stream in (sys.stdout, sys.stderr)]
    asked = (__version__, sys.version, list(_ourselves()), os.getcwd(), list(words), variables, streams)
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogateescape")).hexdigest()


def _ourselves() -> Iterator[str]:
    """Yield what tells us from every other reconciler, one of the same version in the making too."""
    for folder, folders, names in os.walk(os.path.dirname(os.path.dirname(__file__))):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            found = os.stat(f"{folder}/{name}")
            yield f"{folder}/{name} {found.st_size} {found.st_mtime_ns}"


def _columns(descriptor: int) -> int:
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return 0


def _folder(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_CACHE_HOME", "")
    root = base if os.path.isabs(base) else os.path.expanduser("~/.cache")
    return f"{root}/reconciler/plans"
