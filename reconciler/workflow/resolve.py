"""Resolution: references become pinned content, each distinct one asked for once, all of them at the same time."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import Resource, SourceRef
from reconciler.core.state import Desired, DesiredState, LiveState, RecordedState
from reconciler.core.steps import Create, Pull
from reconciler.errors import ReconcilerError
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

Pins = dict[SourceRef, Pinned | Unpinned]


def resolve(resources: Iterable[Resource], sources: Sources, fleet: Fleet) -> Pins:
    """Return what every reference of these resources means now, or why that could not be found out."""
    refs = dict.fromkeys(ref for resource in resources for ref in resource.references)
    answers = fleet.each(lambda ref: sources(ref.type).resolve(ref), refs)
    return {ref: _or_unpinned(ref, answer) for ref, answer in answers}


def _or_unpinned(ref: SourceRef, answer: Pinned | ReconcilerError) -> Pinned | Unpinned:
    if isinstance(answer, ReconcilerError):
        message = f"{answer.where}: {answer.message}" if answer.where else answer.message
        return Unpinned(ref, message, answer.hint, answer.retryable)
    return answer


def with_pulled(
    desired: DesiredState, live: LiveState, recorded: RecordedState, sources: Sources, fleet: Fleet
) -> DesiredState:
    """Return the desired state with what a pull consists of, wherever that helps to recognise what is laid over it.

    That is where a model is there and not on record; what a hub does not say now stays unknown.
    """
    there, known = live.models, recorded.by_address
    strange = [entry for entry in desired.entries if entry.address in there and entry.address not in known]
    asked = {entry: pull for entry in strange if (pull := _laid_over(entry)) is not None}
    if not asked:
        return desired
    answers = fleet.each(lambda entry: sources(entry.source).describe(asked[entry]), asked)
    told = {entry.address: facts for entry, facts in answers if not isinstance(facts, ReconcilerError)}
    return replace(desired, entries=tuple(replace(e, below=told.get(e.address)) for e in desired.entries))


def _laid_over(entry: Desired) -> Pull | None:
    makes = any(isinstance(step, Create) for step in entry.steps)
    return next((step for step in entry.steps if makes and isinstance(step, Pull)), None)
