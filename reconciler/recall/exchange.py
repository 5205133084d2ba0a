"""A request that changes nothing, and what was answered to it."""

import hashlib
import json
from collections.abc import Iterable, Mapping

_TELLING = frozenset({"content-type", "docker-content-digest", "etag", "link", "location", "x-repo-commit"})


class Question:
    """A request without a body; `headers` may hold a token."""

    def __init__(self, method: str, url: str, headers: tuple[tuple[str, str], ...]) -> None:
        self.method, self.url, self.headers = method, url, headers

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str]) -> "Question":
        """Return the question of these headers."""
        return cls(method, url, tuple(sorted(headers.items())))

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the same, to the last header."""
        return isinstance(other, Question) and self._whole == other._whole

    def __hash__(self) -> int:
        """Return what is the same for the same."""
        return hash(self._whole)

    @property
    def _whole(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        return self.method, self.url, self.headers


class Heard:
    """An answer read whole."""

    def __init__(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


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
