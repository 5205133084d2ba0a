"""Preflight: what can be known not to work before a byte moves.

Only what has to be brought to a host is looked at, so a plan in which nothing changes asks nothing more. What is
seen of a blob is kept by its digest, and `core.suitability` judges it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from reconciler.core.found import Found
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address, HostName
from reconciler.core.routes import layers_of, weights_of
from reconciler.core.state import Desired
from reconciler.core.steps import Blob, create_of, projectors_of, pull_of, uploads_of
from reconciler.core.suitability import Seen, doubts, objections
from reconciler.errors import ReconcilerError
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

Declared = Mapping[Address, Desired]
Looks = Mapping[Blob, Found | ReconcilerError | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known before a byte moves, by address."""

    refused: dict[Address, ReconcilerError]  # why a host can't make or run it
    doubted: dict[Address, tuple[str, ...]]  # what may not work, sorted


@dataclass(frozen=True, slots=True)
class _Blobs:
    """What is worth a look of one entry."""

    pulled: Blob | None = None  # a config
    weights: Blob | None = None
    projectors: tuple[Blob, ...] = ()
    ground: tuple[Blob, ...] = ()  # of what it is built on, the most telling first

    @property
    def own(self) -> tuple[Blob, ...]:
        """Return those that the entry itself is made from."""
        return tuple(blob for blob in (self.pulled, self.weights, *self.projectors) if blob is not None)

    @property
    def all(self) -> tuple[Blob, ...]:
        return *self.own, *self.ground


def preflight(
    away: Iterable[Desired], declared: Declared, versions: Mapping[HostName, str], sources: Sources, fleet: Fleet
) -> Judged:
    """Return what hosts of these `versions` can't make of what is `away`, and what may not work of it.

    Each blob is looked into once; `declared` holds the bases that builds stand on.
    """
    wanted = {entry: _blobs(entry, declared) for entry in away}
    blobs = dict.fromkeys(blob for found in wanted.values() for blob in found.all)
    looks = dict(fleet.each(lambda blob: sources(blob.source).examine(blob), blobs))
    judged = Judged({}, {})
    for entry, found in wanted.items():
        version, seen = versions[entry.address.host], _seen(found, looks)
        error = next(chain(_broken(found, looks), objections(entry, version, seen)), None)
        if error is not None:
            judged.refused[entry.address] = error
        elif told := doubts(entry, version, seen):
            judged.doubted[entry.address] = told
    return judged


def _blobs(entry: Desired, declared: Declared) -> _Blobs:
    """Return what is worth a look of an entry; for what it stands on only where something hangs on that."""
    own, create = _own(entry), create_of(entry.steps)
    demanding = create is not None and (bool(create.adapters) or "num_ctx" in dict(create.parameters))
    if own.weights is None and (demanding or entry.test is not None):
        return replace(own, ground=_ground(entry, declared))
    return own


def _own(entry: Desired) -> _Blobs:
    pull, create = pull_of(entry.steps), create_of(entry.steps)
    if pull is not None:
        return _Blobs(pulled=None if entry.unchecked else layers_of(pull, entry.source)[0])
    if create is None or not create.files:
        return _Blobs()
    uploads = {blob.digest: blob for blob in uploads_of(entry.steps)}
    beside = tuple(uploads[digest] for _, digest in projectors_of(create.files) if digest in uploads)
    return _Blobs(weights=uploads.get(create.files[0][1]), projectors=beside)


def _ground(entry: Desired, declared: Declared) -> tuple[Blob, ...]:
    """Return the weights of the lowest base that is declared, which may be the entry itself, and its config."""
    while entry.base is not None and entry.base in declared:
        entry = declared[entry.base]
    pull, own = pull_of(entry.steps), _own(entry)
    weights = own.weights if pull is None else weights_of(pull, entry.source) if own.pulled is not None else None
    return tuple(blob for blob in (weights, own.pulled) if blob is not None)


def _broken(found: _Blobs, looks: Looks) -> Iterator[ReconcilerError]:
    """Yield what is wrong with the files themselves."""
    for blob in found.own:
        answer = looks[blob]
        if isinstance(answer, ReconcilerError):
            yield answer


def _seen(found: _Blobs, looks: Looks) -> Seen:
    def at(blob: Blob | None) -> Found | None:
        answer = looks[blob] if blob is not None else None
        return answer if isinstance(answer, Found) else None

    beside = tuple(item for blob in found.projectors if (item := at(blob)) is not None)
    ground = next((item for blob in found.ground if (item := at(blob)) is not None), None)
    return Seen(at(found.pulled), at(found.weights), beside, ground)
