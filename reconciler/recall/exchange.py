"""A request that changes nothing, and what was answered to it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_TELLING = frozenset({"content-type", "docker-content-digest", "etag", "link", "location", "x-repo-commit"})


class Question(NamedTuple):
    """A request without a body; `headers` may hold a token."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str]) -> "Question":
        """Return the question of these headers."""
        return cls(method, url, tuple(sorted(headers.items())))


class Heard(NamedTuple):
    """An answer read whole."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def fingerprint(question: Question, answer: Heard) -> str:
    """Return what tells this answer from every other that could make a difference: not by its date, say."""
    body: object = _models(answer.body) if question.url.endswith("/api/tags") else answer.body
    return hashlib.sha256(repr((answer.status, sorted(_telling(answer.headers)), body)).encode()).hexdigest()


def _models(body: bytes) -> object:
    """Return a host's list without its order and its times, in which nothing is that a plan would look at.

    Models of the same second come in a different order each time.
    """
    try:
        models = json.loads(body)["models"]
        return sorted(repr({key: value for key, value in model.items() if key != "modified_at"}) for model in models)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return body


def _telling(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name.lower(), value) for name, value in headers if name.lower() in _TELLING)
