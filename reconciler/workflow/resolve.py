"""Resolution: references become pinned content, each distinct one asked for once, all of them at the same time.

What the lock holds is used as the lock says; what upstream offers now is asked for all the same, to tell what is
outdated. It is one small request a reference either way.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from reconciler.core.lock import Followed, Lock, Locked
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import Resource, SourceRef
from reconciler.core.state import Desired, DesiredState, LiveState, RecordedState
from reconciler.core.steps import Create, Pull, pull_of
from reconciler.errors import ReconcilerError, ResolutionError
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

Pins = dict[SourceRef, Pinned | Unpinned]


@dataclass(frozen=True, slots=True)
class Locking:
    """What is locked, and whether everything has to be."""

    lock: Lock = field(default_factory=Lock)
    required: bool = False  # a reference that is not locked is refused

    def followed(self, pins: Pins) -> Followed:
        """Return the references that mean whatever upstream says."""
        open_ended = (
            pin.reference for pin in pins.values() if isinstance(pin, Pinned) and not pin.locked and pin.follows
        )
        return Followed(tuple(sorted(set(open_ended))), without_lock=not self.lock.exists)


def references(resources: Iterable[Resource]) -> tuple[SourceRef, ...]:
    """Return every distinct reference, in the order of the resources."""
    return tuple(dict.fromkeys(ref for resource in resources for ref in resource.references))


def resolve(resources: Iterable[Resource], locking: Locking, sources: Sources, fleet: Fleet) -> Pins:
    """Return what every reference of these resources means, or why that could not be found out."""
    refs, held = references(resources), locking.lock.by_key
    answers = fleet.each(lambda ref: sources(ref.type).resolve(ref), refs)
    return {
        ref: _settled(ref, _or_unpinned(ref, now), held.get((ref.type, sources(ref.type).key(ref))), locking, sources)
        for ref, now in answers
    }


def _settled(
    ref: SourceRef, now: Pinned | Unpinned, entry: Locked | None, locking: Locking, sources: Sources
) -> Pinned | Unpinned:
    """Return what a reference means: what the lock says if it says anything, else what upstream says."""
    if entry is None and locking.required:
        return _not_locked(ref, now, sources)
    if entry is None:
        return now
    try:
        then = sources(ref.type).restore(ref, entry.pin)
    except ResolutionError as error:
        return Unpinned(ref, f"{entry.location}: {error.message}", error.hint, error.retryable)
    if isinstance(now, Unpinned):
        return replace(then, locked=True, unchecked=now.message)
    return replace(then, locked=True, offered=None if now.identity == then.identity else now)


def _not_locked(ref: SourceRef, now: Pinned | Unpinned, sources: Sources) -> Unpinned:
    name = now.reference if isinstance(now, Pinned) else sources(ref.type).key(ref)
    return Unpinned(ref, f"{name} is not in the lock", "`reconciler lock` adds it", retryable=False, unlocked=True)


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
    return pull_of(entry.steps) if makes else None
