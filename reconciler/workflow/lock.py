"""Locking: what references mean goes into the lock and stays there, until somebody moves it on purpose.

An entry that its manifest contradicts, or whose local file is another one by now, is never mended in
passing: somebody has to say which of the two is right.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.facts import Facts
from reconciler.core.lock import Entry, Locked
from reconciler.core.names import ModelName
from reconciler.core.resource import Resource, SourceRef
from reconciler.errors import ManifestError, ReconcilerError, Unusable
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

WIDTH = 32  # requests under way at once


@dataclass(frozen=True, slots=True)
class Referral:
    """A resource refers to something, which is one entry of a lock."""

    model: ModelName
    ref: SourceRef
    entry: Entry


@dataclass(frozen=True, slots=True)
class Book:
    """One lock, and what the manifests beside it refer to; entries go by the names that the lock gives them."""

    file: str  # as people name it
    asked: tuple[tuple[str, Referral], ...]  # several resources may refer to one entry
    held: Mapping[str, Locked]
    whole: bool  # what none of these refers to can go


def referrals(resources: Iterable[Resource], sources: Sources) -> tuple[Referral, ...]:
    """Return all that these resources refer to, in their order."""
    pairs = ((item.name, ref) for item in resources for ref in item.references)
    return tuple(Referral(name, ref, (ref.type, sources(ref.type).key(ref))) for name, ref in pairs)


def revised(books: Sequence[Book], moved: Collection[ModelName], sources: Sources) -> tuple[dict[str, Facts], ...]:
    """Return the pins that each lock should hold, by name: those in it, and today's where there is none.

    Today's, too, for what a `moved` model refers to. Raises ManifestError with every reference that can't be resolved
    and every entry that does not stand.
    """
    held, asked = _held(books), [item for book in books for _, item in book.asked]
    anew = {item.entry for item in asked if item.model in moved or item.entry not in held}
    with Fleet(WIDTH) as fleet:
        open_ended = _distinct(item for item in asked if item.entry in anew)
        answers = fleet.each(lambda item: sources(item.ref.type).resolve(item.ref), open_ended)
        findings = _wrong((item for item in asked if item.entry not in anew), held, sources, fleet)
    findings += [_unresolved(item, answer) for item, answer in answers if isinstance(answer, ReconcilerError)]
    if findings:
        raise ManifestError(tuple(sorted(findings)))
    pins = {entry: locked.pin for entry, locked in held.items() if entry not in anew}
    pins.update({item.entry: now.pin for item, now in answers if not isinstance(now, ReconcilerError)})
    return tuple(_standing(book) | {name: pins[item.entry] for name, item in book.asked} for book in books)


def disagreements(books: Sequence[Book], sources: Sources) -> tuple[Diagnostic, ...]:
    """Return where locks and manifests disagree, sorted, asking nobody."""
    held = _held(books)
    known = (item for book in books for _, item in book.asked if item.entry in held)
    with Fleet(WIDTH) as fleet:
        findings = _wrong(known, held, sources, fleet)
    findings += [found for book in books for found in (*_missing(book), *_surplus(book))]
    return tuple(sorted(findings))


def _held(books: Sequence[Book]) -> dict[Entry, Locked]:
    return {(locked.type, locked.key): locked for book in books for locked in book.held.values()}


def _distinct(items: Iterable[Referral]) -> Collection[Referral]:
    """Return one of all that ask the same."""
    return {item.ref: item for item in items}.values()


def _wrong(items: Iterable[Referral], held: Mapping[Entry, Locked], sources: Sources, fleet: Fleet) -> list[Diagnostic]:
    """Return why entries do not stand: the manifest or the local file contradicts them."""
    answers = fleet.each(lambda item: _stand(item, held[item.entry], sources), _distinct(items))
    return [_contradiction(item, held[item.entry], error) for item, error in answers if error is not None]


def _stand(item: Referral, locked: Locked, sources: Sources) -> None:
    """Raise ResolutionError unless the entry fits the manifest and the file, if that is on this machine."""
    source = sources(item.ref.type)
    then = source.restore(item.ref, locked.pin)
    if source.offline and (now := source.resolve(item.ref)).identity != then.identity:
        raise Unusable(f"{now.reference} is another file since it was locked")


def _contradiction(item: Referral, locked: Locked, error: ReconcilerError) -> Diagnostic:
    hint = f"bring back what was locked, or take what it is now: `reconciler lock --upgrade {item.model}`"
    return Diagnostic(locked.location, error.message, hint, code="lock-contradicted")


def _unresolved(item: Referral, error: ReconcilerError) -> Diagnostic:
    message = f"{error.where}: {error.message}" if error.where else error.message
    return Diagnostic(item.ref.location, message, error.hint, code="unresolved")


def _missing(book: Book) -> Iterator[Diagnostic]:
    for name, item in dict(reversed(book.asked)).items():
        if name not in book.held:
            message = f"{name} is not in {book.file}"
            yield Diagnostic(item.ref.location, message, "`reconciler lock` adds it", code="not-locked")


def _surplus(book: Book) -> Iterator[Diagnostic]:
    asked = dict(book.asked)
    for name, locked in book.held.items():
        if book.whole and name not in asked:
            message = f"no manifest refers to {name}"
            yield Diagnostic(locked.location, message, "`reconciler lock` drops it", code="not-referred-to")


def _standing(book: Book) -> dict[str, Facts]:
    """Return what stays in a lock though nothing that was read refers to it: other manifests may."""
    return {} if book.whole else {name: locked.pin for name, locked in book.held.items()}
