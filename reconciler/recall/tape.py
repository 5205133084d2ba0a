"""The tape of one command: what it asked hosts and hubs, and what they answered."""

from collections.abc import Mapping

from reconciler.recall.exchange import Heard, Question

_SUCCESS = 200


class Tape:
    """Keeps every exchange, and gives what was answered in this process already; threads may share it."""

    def __init__(self, known: Mapping[Question, Heard] | None = None) -> None:
        self._known = dict(known or {})
        self.heard: dict[Question, Heard] = {}
        self.whole = True  # all that a plan rests on can be asked again

    def known(self, question: Question) -> Heard | None:
        """Return what was answered to this just now, once: whoever asks again means it."""
        return self._known.pop(question, None)

    def hear(self, question: Question, answer: Heard) -> None:
        """Keep an exchange; what changes something or went wrong is not asked again by itself."""
        if question.method not in {"GET", "HEAD"} or answer.status != _SUCCESS:
            self.spoil()
        self.heard[question] = answer

    def spoil(self) -> None:
        """Note that the command rests on something that is not on the tape."""
        self.whole = False
