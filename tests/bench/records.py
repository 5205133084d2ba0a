"""Many models on record after the pattern of a few that a real `apply` put there.

An apply reads the whole host again after each model, which takes minutes with a thousand of them. That our plan
finds nothing to do, which each one that is measured must say, shows that what is written here is right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.core.change import Action
from reconciler.core.digest import fingerprint
from reconciler.core.outcome import Outcome, Status
from reconciler.core.state import Recorded
from reconciler.ports import Run
from reconciler.registry.codec import record_from, record_text
from reconciler.registry.store import open_store
from tests.bench.scene import Scene

Swaps = Mapping[str, str]  # words of the pattern, each with what stands in its place

_AT = "2026-01-01T00:00:00.000Z"
_RUN = "bench"


def put_on_record(scene: Scene, pattern: str, others: Iterable[Swaps]) -> None:
    """Write a record for each of the others: that of the model whose name ends with `pattern`, with words swapped."""
    store = open_store(f"sqlite://{scene.folder}/state/reconciler/registry.db", lineage=str)
    state = store.read()
    known = set(state.by_address)
    like = next(record for record in state.records if str(record.address.model).endswith(pattern))
    if all(run.id != _RUN for run in store.runs(limit=9)):
        store.begin(Run(_RUN, _AT, "", "bench"))
    for swaps in others:
        record = _swapped(like, swaps)
        if record.address not in known:
            store.save(_RUN, _AT, Outcome(record.address, Action.ADOPT, Status.APPLIED, record.digest), record)
    store.close()


def _swapped(like: Recorded, swaps: Swaps) -> Recorded:
    text = record_text(like)
    for old, new in swaps.items():
        text = text.replace(old, new)
    made = record_from(text)
    return replace(made, fingerprint=fingerprint([list(pair) for pair in made.content]))
