"""The parts of a split GGUF: merged here, or sent as they are to hosts that merge them. Pure.

What the parts make in one file has a digest that nobody knows before it was made once. A plan names it by its parts;
what is known of it spares a transfer, and decides nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.core.digest import Digest
from reconciler.core.facts import facts
from reconciler.core.frozen import dataclass
from reconciler.core.state import Desired, DesiredState, RecordedState
from reconciler.core.steps import Blob, Create, Step, Upload, create_of, part_name, parts_among, uploads_of
from reconciler.core.versions import Feature, has

MERGED = "merged"  # path in the provenance of a record: the sha256 of what was made of the parts


def passed_on(entry: Desired, version: str) -> Desired:
    """Return the entry as a host of this version takes it: with the parts of its model, where it merges them itself.

    Only a host that surely does; and none that quantises what it is given, for which nobody has seen that it works.
    """
    create = create_of(entry.steps)
    if create is None or create.quantize is not None or not has(version, Feature.SPLIT_MERGED):
        return entry
    weights = next((digest for _, digest in create.files), None)
    split = next((blob for blob in uploads_of(entry.steps) if blob.digest == weights and blob.parts), None)
    if split is None:
        return entry
    return replace(entry, steps=tuple(made for step in entry.steps for made in _in_parts(step, split)))


def _in_parts(step: Step, split: Blob) -> Iterator[Step]:
    match step:
        case Upload(blob=blob) if blob == split:
            yield from map(Upload, split.parts)
        case Create(files=((name, digest), *others)) if digest == split.digest:
            count = len(split.parts)
            named = ((part_name(name, number, count), part.digest) for number, part in enumerate(split.parts, 1))
            yield replace(step, files=(*named, *others))
        case _:
            yield step


@dataclass(frozen=True, slots=True)
class Merging:
    """How the parts of a model become one file."""

    parts: int
    here: bool  # on this machine, and not on the host


def merging(steps: tuple[Step, ...]) -> Merging | None:
    """Return what is merged in these steps, and where; None where nothing is."""
    here = next((len(blob.parts) for blob in uploads_of(steps) if blob.parts), 0)
    create = create_of(steps)
    there = len(parts_among(create.files)) if create is not None else 0
    return Merging(here or there, bool(here)) if here or there > 1 else None


def merged_here(entry: Desired) -> tuple[Blob, ...]:
    """Return what is merged on this machine to make the entry."""
    return tuple(blob for blob in uploads_of(entry.steps) if blob.parts)


def remembered(desired: DesiredState, recorded: RecordedState) -> DesiredState:
    """Return the desired state with the digests of merged files that our records know from an earlier run."""
    known = {
        Digest(str(about["sha256"])): Digest(str(about[MERGED]))
        for about in (dict(record.provenance) for record in recorded.records)
        if MERGED in about
    }
    return replace(desired, entries=tuple(_known(entry, known) for entry in desired.entries)) if known else desired


def with_merged(entry: Desired, merged: Mapping[Digest, Digest]) -> Desired:
    """Return the entry with what is known of the one file that its parts make, as a record keeps it."""
    known = {blob.digest: merged.get(blob.digest, blob.merged) for blob in merged_here(entry)}
    found = next((digest for digest in known.values() if digest is not None), None)
    return entry if found is None else replace(entry, provenance=facts((*entry.provenance, (MERGED, found.hex))))


def _known(entry: Desired, merged: Mapping[Digest, Digest]) -> Desired:
    blobs = {blob.digest: replace(blob, merged=merged.get(blob.digest, blob.merged)) for blob in merged_here(entry)}
    steps = (
        Upload(blobs[step.blob.digest]) if isinstance(step, Upload) and step.blob.digest in blobs else step
        for step in entry.steps
    )
    return replace(entry, steps=tuple(steps))
