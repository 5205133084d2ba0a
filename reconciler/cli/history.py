"""The history of runs, as several commands show it."""

from reconciler.core.names import ModelName
from reconciler.ports import Event, RecordStore, Run

_MANY = 10_000  # runs, or outcomes of one run or of one model, at the most

History = tuple[list[Run], list[Event]]


def latest(store: RecordStore, limit: int) -> History:
    """Return the latest runs, with all that came of them."""
    runs = store.runs(limit)
    return list(runs), [event for run in runs for event in store.events(run=run.id, limit=_MANY)]


def latest_of(store: RecordStore, model: ModelName, limit: int) -> History:
    """Return the latest runs that had to do with a model, with what came of it."""
    events = store.events(model=model, limit=_MANY)
    chosen = list(dict.fromkeys(event.run for event in events))[:limit]
    runs = [run for run in store.runs(_MANY) if run.id in chosen]
    return runs, [event for event in events if event.run in chosen]
