"""Asking again: many small requests at once, each thread with a connection of its own to each place."""

import time
from collections import deque
from collections.abc import Iterable
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLContext, create_default_context
from threading import Thread
from urllib.parse import urlsplit

from reconciler.recall.exchange import Heard, Question

WIDTH = 32  # requests at once, as many as a plan has
PATIENCE = 2.0  # seconds in which nobody answers; who is slower is asked by the plan, which waits for longer
_LOOK = 0.05  # seconds between two looks at whether somebody answered
_LARGEST = 32 << 20  # bytes of an answer


def ask_again(questions: Iterable[Question]) -> dict[Question, Heard]:
    """Return what was answered in time; a place that gives no answer is missing, and told about by the plan."""
    waiting = deque(sorted(questions, key=lambda item: item.url))
    answers: dict[Question, Heard] = {}
    threads = [Thread(target=_work, args=(waiting, answers), daemon=True) for _ in range(min(WIDTH, len(waiting)))]
    for thread in threads:
        thread.start()
    seen, since = 0, time.monotonic()
    for thread in threads:
        while thread.is_alive() and time.monotonic() - since < PATIENCE:
            thread.join(_LOOK)
            if len(answers) > seen:
                seen, since = len(answers), time.monotonic()
    waiting.clear()
    return dict(answers)


def _work(waiting: deque[Question], answers: dict[Question, Heard]) -> None:
    connections: dict[str, HTTPConnection] = {}
    try:
        while waiting:
            question = waiting.popleft()
            answers[question] = _asked(connections, question)
    except (IndexError, OSError, HTTPException, ValueError):  # the last one went to another; or there is no answer
        return
    finally:
        for connection in connections.values():
            connection.close()


@cache
def _trusted() -> SSLContext:
    return create_default_context()  # once: it reads every certificate of this machine


def _connection(scheme: str, place: str) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(place, timeout=PATIENCE, context=_trusted())
    return HTTPConnection(place, timeout=PATIENCE)


def _asked(connections: dict[str, HTTPConnection], question: Question) -> Heard:
    parts = urlsplit(question.url)
    place = f"{parts.scheme}://{parts.netloc}"
    if place not in connections:
        connections[place] = _connection(parts.scheme, parts.netloc)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connections[place].request(question.method, target, headers=dict(question.headers))
    answer = connections[place].getresponse()
    body = answer.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise ValueError("too large")
    return Heard(answer.status, tuple(answer.getheaders()), body)
