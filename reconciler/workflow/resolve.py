"""Resolution: references become pinned content, each distinct one asked for once, all of them at the same time."""

from collections.abc import Iterable

from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import Resource, SourceRef
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
        return Unpinned(ref, answer.message, answer.hint, answer.retryable)
    return answer
