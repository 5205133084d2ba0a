"""How the fake server answers: no inference, but what was put into its mouth, or its system prompt and the question."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes._ollama_store import Line, Refused, Store, short_name


@dataclass
class Mouth:
    """What models say, and which of them are in memory."""

    answers: dict[str, str] = field(default_factory=dict)  # by prompt; else a model repeats its system prompt and it
    dimensions: int = 384  # of every embedding
    loaded: list[str] = field(default_factory=list)
    at_question: Callable[[], object] = lambda: None  # called before each answer

    def generate(self, store: Store, request: Line) -> Line:
        """Return the answer to a prompt in one piece."""
        system = self._load(store, request, "model '{}' not found").get("system", "")
        prompt = str(request["prompt"])
        return {"response": self.answers.get(prompt, f"{system} {prompt}"), "done": True, "done_reason": "stop"}

    def embed(self, store: Store, request: Line) -> Line:
        """Return the embedding of one text."""
        self._load(store, request, 'model "{}" not found, try pulling it first')
        return {"embeddings": [[0.5] * self.dimensions]}

    def _load(self, store: Store, request: Line, missing: str) -> Line:
        """Return what is shown of a model, which is in memory from then on, or not any more if that was asked for."""
        self.at_question()
        try:
            shown = store.show(str(request["model"]))
        except Refused as refusal:
            raise Refused(missing.format(request["model"]), 404) from refusal
        name = short_name(store.existing(str(request["model"])))
        self.loaded[:] = [item for item in self.loaded if item != name]
        if request.get("keep_alive") != 0:
            self.loaded.append(name)
        return shown
