"""Resolution: references become pinned content, each distinct one asked for once, all of them at the same time.

What the lock holds is used as the lock says; what upstream offers now is asked for all the same, to tell what is
outdated. It is one small request a reference either way. What has to be locked and is not is not even asked for.
The sources of a chain are asked one after another, until one can be had; where the lock holds one, those before it are
asked as well, only to tell whether they could be had by now.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace

from reconciler.core.chain import choose, next_to_ask
from reconciler.core.frozen import dataclass
from reconciler.core.lock import Followed, Lock, Locked
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import Resource, SourceRef
from reconciler.core.state import Desired, DesiredState, LiveState, RecordedState
from reconciler.core.steps import Blob, Pull, create_of, pull_of
from reconciler.errors import ReconcilerError, ResolutionError, Unusable
from reconciler.ports import Source, Sources
from reconciler.workflow.fleet import Fleet

Pins = dict[SourceRef, Pinned | Unpinned]
Chain = tuple[SourceRef, ...]


@dataclass(frozen=True, slots=True)
class Locking:
    """What is locked, and whether everything has to be."""

    lock: Lock = field(default_factory=Lock)
    required: bool = False  # a reference that is not locked is refused

    def followed(self, resources: Iterable[Resource], pins: Pins) -> Followed:
        """Return the references of these resources that mean whatever upstream says."""
        taken = (choose(chain, pins).taken for resource in resources for chain in resource.chains)
        found = (pins[ref] for ref in taken if ref is not None)
        open_ended = (pin.reference for pin in found if isinstance(pin, Pinned) and not pin.locked and pin.follows)
        return Followed(tuple(sorted(set(open_ended))), without_lock=not self.lock.exists)


def resolve(resources: Iterable[Resource], locking: Locking, sources: Sources, fleet: Fleet) -> Pins:
    """Return what every reference of these resources means, or why that could not be found out."""
    chains = [chain for resource in resources for chain in resource.chains]
    named = fleet.each(lambda ref: sources(ref.type).key(ref), dict.fromkeys(ref for chain in chains for ref in chain))
    keys = {ref: key for ref, key in named if isinstance(key, str)}  # the others say why not when they are asked
    questions = {ref: f"{ref.type} {keys.get(ref, '')}" for ref, _ in named}
    entries = locking.lock.by_key
    held = {ref: entries[ref.type, key] for ref, key in keys.items() if (ref.type, key) in entries}

    def meant(ref: SourceRef) -> Pinned | Unpinned:
        if ref in held:
            return _locked(ref, held[ref], sources(ref.type))
        if locking.required and ref in keys:
            return _not_locked(ref, questions[ref], locking.lock)
        return sources(ref.type).resolve(ref)

    pins = in_turn((part for chain in chains for part in _parts(chain, held)), questions, meant, fleet)
    return {ref: replace(pin, locked=ref in held) for ref, pin in pins.items()}


def in_turn(
    chains: Iterable[Chain],
    questions: Mapping[SourceRef, str],
    ask: Callable[[SourceRef], Pinned | Unpinned],
    fleet: Fleet,
) -> Pins:
    """Return an answer for each of these questions: of each chain one after another is asked, until one can be had."""
    pins: Pins = {}
    distinct = dict.fromkeys(chains)
    while asked := dict.fromkeys(ref for chain in distinct if (ref := next_to_ask(chain, pins)) is not None):
        pins.update((ref, _or_unpinned(ref, answer)) for ref, answer in fleet.each(ask, asked))
    unasked = {ref: Unpinned(ref, "", "", retryable=False) for ref in questions if ref not in pins}
    return {ref: replace(pin, question=questions[ref]) for ref, pin in (pins | unasked).items()}


def _parts(chain: Chain, held: Collection[SourceRef]) -> Iterator[Chain]:
    """Yield the chain as it is, or each of its sources up to the first that the lock holds, to be asked at once."""
    end = next((place for place, ref in enumerate(chain, 1) if ref in held), None)
    yield from (chain,) if end is None else ((ref,) for ref in chain[:end])


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
        return replace(then, unchecked=str(error))
    if now.identity != then.identity:
        return replace(then, offered=now)
    return replace(then, files=_from_where_they_are_now(then, now))


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

    That is where a model is there and not on record, or only as it was found; what a hub does not say stays unknown.
    """
    there, known = live.models, {record.address for record in recorded.records if not record.as_found}
    strange = [entry for entry in desired.entries if entry.address in there and entry.address not in known]
    asked = {entry: pull for entry in strange if (pull := _laid_over(entry)) is not None}
    if not asked:
        return desired
    answers = fleet.each(lambda entry: sources(entry.source).describe(asked[entry]), asked)
    found = {entry.address: facts for entry, facts in answers if not isinstance(facts, ReconcilerError)}
    return replace(desired, entries=tuple(replace(e, below=found.get(e.address)) for e in desired.entries))


def _laid_over(entry: Desired) -> Pull | None:
    return pull_of(entry.steps) if create_of(entry.steps) is not None else None
