"""Locking: what references mean goes into the lock and stays there, until somebody moves it on purpose.

An entry that its manifest contradicts, or whose local file is another one by now, is never mended in
passing: somebody has to say which of the two is right. Of a chain only the source that is taken is locked, and the
first that the lock holds is the one that is taken, until somebody has the chain tried anew.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from reconciler.core.chain import choose, none_taken
from reconciler.core.diagnostics import Diagnostic
from reconciler.core.facts import Facts
from reconciler.core.frozen import dataclass
from reconciler.core.lock import Entry, Locked
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.resource import Resource, SourceRef
from reconciler.errors import ManifestError, ReconcilerError, Unusable
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.resolve import Pins, in_turn

WIDTH = 32  # requests under way at once


@dataclass(frozen=True, slots=True)
class Referral:
    """A resource refers to something: to one entry of a lock, or to one of several."""

    model: ModelName
    chain: tuple[SourceRef, ...]
    entries: tuple[Entry, ...]  # of each source of the chain

    def standing(self, held: Collection[Entry]) -> Entry | None:
        """Return the entry that holds for it; None where there is none."""
        return next((entry for entry in self.entries if entry in held), None)

    @property
    def pairs(self) -> tuple[tuple[SourceRef, Entry], ...]:
        """Return each source of the chain with its entry."""
        return tuple(zip(self.chain, self.entries, strict=True))


@dataclass(frozen=True, slots=True)
class Book:
    """One lock, and what the manifests beside it refer to."""

    file: str  # as people name it
    name: Callable[[Entry], str]  # how this lock spells an entry
    asked: tuple[Referral, ...]  # several resources may refer to one entry
    held: Mapping[str, Locked]  # by those names
    whole: bool  # what none of these refers to can go


def referrals(resources: Iterable[Resource], sources: Sources) -> tuple[Referral, ...]:
    """Return all that these resources refer to, in their order."""
    pairs = ((item.name, chain) for item in resources for chain in item.chains)
    return tuple(
        Referral(name, chain, tuple((ref.type, sources(ref.type).key(ref)) for ref in chain)) for name, chain in pairs
    )


def revised(books: Sequence[Book], moved: Collection[ModelName], sources: Sources) -> tuple[dict[str, Facts], ...]:
    """Return the pins that each lock should hold, by name: those in it, and today's where there is none.

    Today's, too, for what a `moved` model refers to: its sources are tried anew. Raises ManifestError with everything
    that can't be resolved and every entry that does not stand.
    """
    held, asked = _held(books), [item for book in books for item in book.asked]
    with Fleet(WIDTH) as fleet:
        open_ended = [item for item in asked if item.model in moved or item.standing(held) is None]
        anew, findings = _tried(open_ended, sources, fleet)
        now = dict(anew.values())
        stay = (item for item in asked if item not in open_ended and item.standing(held) not in now)
        findings += _wrong(stay, held, sources, fleet)
    if findings:
        raise ManifestError(tuple(sorted(findings)))
    pins = {entry: locked.pin for entry, locked in held.items()} | now
    taken = {item: anew[item][0] if item in anew else item.standing(held) for item in asked}
    return tuple(_pins(book, taken, pins) for book in books)


def disagreements(books: Sequence[Book], sources: Sources) -> tuple[Diagnostic, ...]:
    """Return where locks and manifests disagree, sorted, asking nobody."""
    held = _held(books)
    known = (item for book in books for item in book.asked if item.standing(held) is not None)
    with Fleet(WIDTH) as fleet:
        findings = _wrong(known, held, sources, fleet)
    findings += [found for book in books for found in (*_missing(book), *_surplus(book))]
    return tuple(sorted(findings))


def _held(books: Sequence[Book]) -> dict[Entry, Locked]:
    return {(locked.type, locked.key): locked for book in books for locked in book.held.values()}


def _tried(
    items: Iterable[Referral], sources: Sources, fleet: Fleet
) -> tuple[dict[Referral, tuple[Entry, Facts]], list[Diagnostic]]:
    """Return which entry each of these comes to today, and its pin; and findings where there is none."""
    distinct = dict.fromkeys(items)
    questions = {ref: " ".join(entry) for item in distinct for ref, entry in item.pairs}
    pins = in_turn((item.chain for item in distinct), questions, lambda ref: sources(ref.type).resolve(ref), fleet)
    found: dict[Referral, tuple[Entry, Facts]] = {}
    unresolved: dict[tuple[SourceRef, ...], Diagnostic] = {}
    for item in distinct:
        taken = choose(item.chain, pins).taken
        if taken is not None and isinstance(pin := pins[taken], Pinned):
            found[item] = dict(item.pairs)[taken], pin.pin
        else:
            unresolved[item.chain] = _unresolved(item.chain, pins)
    return found, list(unresolved.values())


def _wrong(items: Iterable[Referral], held: Mapping[Entry, Locked], sources: Sources, fleet: Fleet) -> list[Diagnostic]:
    """Return why entries do not stand: the manifest or the local file contradicts them."""
    distinct = {ref: (item, held[entry]) for item in items for ref, entry in item.pairs if entry == item.standing(held)}
    answers = fleet.each(lambda ref: _stand(ref, distinct[ref][1], sources), distinct)
    return [_contradiction(*distinct[ref], error) for ref, error in answers if error is not None]


def _stand(ref: SourceRef, locked: Locked, sources: Sources) -> None:
    """Raise ResolutionError unless the entry fits the manifest and the file, if that is on this machine."""
    source = sources(ref.type)
    then = source.restore(ref, locked.pin)
    if source.offline and (now := source.resolve(ref)).identity != then.identity:
        raise Unusable(f"{now.reference} is another file since it was locked")


def _contradiction(item: Referral, locked: Locked, error: ReconcilerError) -> Diagnostic:
    hint = f"bring back what was locked, or take what it is now: `reconciler lock --upgrade {item.model}`"
    return Diagnostic(locked.location, error.message, hint, code="lock-contradicted")


def _unresolved(chain: Sequence[SourceRef], pins: Pins) -> Diagnostic:
    return Diagnostic(chain[0].location, *none_taken(chain, pins), code="unresolved")


def _missing(book: Book) -> Iterator[Diagnostic]:
    asked = {tuple(map(book.name, item.entries)): item for item in reversed(book.asked)}
    for names, item in asked.items():
        if not book.held.keys().isdisjoint(names):
            continue
        none = f"{names[0]} is not" if len(names) == 1 else f"none of {', '.join(names)} is"
        message = f"{none} in {book.file}"
        yield Diagnostic(item.chain[0].location, message, "`reconciler lock` adds it", code="not-locked")


def _surplus(book: Book) -> Iterator[Diagnostic]:
    held = {(locked.type, locked.key): locked for locked in book.held.values()}
    taken = {item.standing(held) for item in book.asked}
    passed = {entry for item in book.asked for entry in item.entries}
    for entry, locked in held.items() if book.whole else ():
        if entry not in taken:
            name = book.name(entry)
            message = f"another source is taken than {name}" if entry in passed else f"no manifest refers to {name}"
            yield Diagnostic(locked.location, message, "`reconciler lock` drops it", code="not-referred-to")


def _pins(book: Book, taken: Mapping[Referral, Entry | None], pins: Mapping[Entry, Facts]) -> dict[str, Facts]:
    """Return what one lock should hold, by name.

    What nothing that was read refers to stays where other manifests may, but for the sources of a chain before the
    one that is taken: they would be taken in its stead.
    """
    chosen = {item: entry for item in book.asked if (entry := taken[item]) is not None}
    passed = {book.name(entry) for item, end in chosen.items() for entry in item.entries[: item.entries.index(end)]}
    kept = {} if book.whole else {name: held.pin for name, held in book.held.items() if name not in passed}
    return kept | {book.name(entry): pins[entry] for entry in chosen.values()}
