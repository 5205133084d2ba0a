"""Asking again: many small requests at once, each thread with a connection of its own to each place."""

import time
from collections import deque
from collections.abc import Iterable
from threading import Thread

from reconciler.recall.connection import PATIENCE, Connection
from reconciler.recall.exchange import Heard, Question

WIDTH = 32  # requests at once, as many as a plan has
_LOOK = 0.05  # seconds between two looks at whether somebody answered


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
    connections: dict[str, Connection] = {}
    try:
        while waiting:
            question = waiting.popleft()
            answers[question] = _asked(connections, question)
    except (IndexError, OSError, ValueError, KeyError):  # the last one went to another; or there is no answer
        return
    finally:
        for connection in connections.values():
            connection.close()


def _asked(connections: dict[str, Connection], question: Question) -> Heard:
    """Return the answer; raises OSError, and ValueError or KeyError for an address or an answer that is unusual."""
    scheme, _, rest = question.url.partition("://")
    place, slash, path = rest.partition("/")
    if not slash or set("@?#") & set(place) or "#" in path:
        raise ValueError("an unusual address")
    key = f"{scheme}://{place}"
    if key in connections and not connections[key].open:
        connections.pop(key).close()
    if key not in connections:
        connections[key] = Connection.to(scheme, place)
    return connections[key].ask(question, f"/{path}")
