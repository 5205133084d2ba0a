"""Resolution: references become pinned content, each distinct one asked for once, all of them at the same time.

What the lock holds is used as the lock says; what upstream offers now is asked for all the same, to tell what is
outdated. It is one small request a reference either way. What has to be locked and is not is not even asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from reconciler.core.lock import Followed, Lock, Locked
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import Resource, SourceRef
from reconciler.core.state import Desired, DesiredState, LiveState, RecordedState
from reconciler.core.steps import Blob, Create, Pull, pull_of
from reconciler.errors import ReconcilerError, ResolutionError, Unusable
from reconciler.ports import Source, Sources
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
    held = locking.lock.by_key

    def meant(ref: SourceRef) -> Pinned | Unpinned:
        source = sources(ref.type)
        key = source.key(ref)
        entry = held.get((ref.type, key))
        if entry is not None:
            return _locked(ref, entry, source)
        if locking.required:
            return _not_locked(ref, f"{ref.type} {key}", locking.lock)
        return source.resolve(ref)

    return {ref: _or_unpinned(ref, answer) for ref, answer in fleet.each(meant, references(resources))}


def _not_locked(ref: SourceRef, name: str, lock: Lock) -> Unpinned:
    why = "is not in the lock" if lock.exists else "is not locked: there is no lock beside the manifests"
    hint = "`reconciler lock` adds it" if lock.exists else "`reconciler lock` makes one"
    return Unpinned(ref, f"{name} {why}", hint, retryable=False, unlocked=True)


def _locked(ref: SourceRef, entry: Locked, source: Source) -> Pinned:
    """Return what the lock says, and with it what upstream says instead; raises ResolutionError for a broken entry."""
    try:
        then = source.restore(ref, entry.pin)
    except ResolutionError as error:
        raise Unusable(error.message, hint=error.hint, where=str(entry.location)) from error
    try:
        now = source.resolve(ref)
    except ResolutionError as error:
        return replace(then, locked=True, unchecked=str(error))
    if now.identity != then.identity:
        return replace(then, locked=True, offered=now)
    return replace(then, locked=True, files=_from_where_they_are_now(then, now))


def _from_where_they_are_now(then: Pinned, now: Pinned) -> tuple[tuple[str, Blob], ...]:
    """Return the locked files, to be fetched as upstream offers them now: a commit may be gone and its files stay."""
    return tuple((name, blob) for (name, _), (_, blob) in zip(then.files, now.files, strict=True))


def _or_unpinned(ref: SourceRef, answer: Pinned | Unpinned | ReconcilerError) -> Pinned | Unpinned:
    if isinstance(answer, ReconcilerError):
        return Unpinned(ref, told(answer), answer.hint, answer.retryable)
    return answer


def told(error: ReconcilerError) -> str:
    """Return an error as a message about one model, with the place that it names."""
    return f"{error.where}: {error.message}" if error.where else error.message


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
    found = {entry.address: facts for entry, facts in answers if not isinstance(facts, ReconcilerError)}
    return replace(desired, entries=tuple(replace(e, below=found.get(e.address)) for e in desired.entries))


def _laid_over(entry: Desired) -> Pull | None:
    makes = any(isinstance(step, Create) for step in entry.steps)
    return pull_of(entry.steps) if makes else None
