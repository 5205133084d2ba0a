"""Two hub manifests, layer by layer, as rows. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.facts import ABSENT, Absent, Fact, Facts, FieldChange, differences, facts
from reconciler.core.state import Recorded
from reconciler.core.steps import Pull
from reconciler.report.fields import FieldRow, field_row
from reconciler.report.text import human_bytes

_BROUGHT = frozenset({"weights", "projectors", "adapters"})  # fields that stand for content, not for settings
_WEIGHTS = frozenset({"model", "tensor"})  # layers


def layer_rows(news: tuple[FieldChange, ...], old: Pull | None, new: Pull) -> Iterator[FieldRow]:
    """Yield what differs in what two hub manifests say, weights first; where it was not read, by digests."""
    told = news or (differences(_parts(old), _parts(new)) if old is not None else ())
    if not any(field.path == "weights" for field in told):
        yield from _weights(old, new)
    if not told:
        yield FieldRow("config", told="another, and nothing that a host shows differs")
    sizes = {str(digest): size for digest, size in new.layers}
    for field in sorted(told, key=lambda field: (field.path not in _BROUGHT, field.path)):
        yield _sized(field, sizes)


def recorded_rows(record: Recorded, new: Pull) -> Iterator[FieldRow]:
    """Yield what is on record of a pull whose layers nobody knows any more, and whether its weights are the same."""
    then = dict(record.content).get("manifest", ABSENT)
    yield field_row(FieldChange("manifest", then, str(new.manifest)))
    before = dict(record.facts).get("weights", ABSENT)
    after = dict(_parts(new)).get("weights", ABSENT)
    if before == after != ABSENT:
        yield FieldRow("weights", told="the same")
    elif ABSENT not in {before, after}:
        yield _sized(FieldChange("weights", before, after), {str(digest): size for digest, size in new.layers})


def _parts(pull: Pull) -> Facts:
    """Return the layers by what they are."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, digest in pull.parts:
        path = "weights" if kind == "model" else kind
        found[path] = (*found.get(path, ()), str(digest))
    return facts((path, digests[0] if len(digests) == 1 else digests) for path, digests in found.items())


def _weights(old: Pull | None, new: Pull) -> Iterator[FieldRow]:
    """Yield whether the weights are the same, where no field tells; without the old hub manifest only of a GGUF."""
    sizes = dict(new.layers)
    brought = {digest for kind, digest in new.parts if kind in _WEIGHTS}
    missing = brought - dict(old.layers).keys() if old is not None else set()
    if missing:
        size = sum(sizes.get(digest, 0) for digest in missing)
        yield FieldRow("weights", told=f"others, {human_bytes(size)} to fetch")
    elif old is not None or any(kind == "model" for kind, _ in new.parts):
        yield FieldRow("weights", told="the same")


def _sized(field: FieldChange, sizes: Mapping[str, int]) -> FieldRow:
    """Return a field as a row; where it stands for content, with how much of that has to be fetched."""
    row = field_row(field)
    fresh = set(texts(field.after)) - set(texts(field.before))
    size = sum(sizes.get(digest, 0) for digest in fresh)
    if field.path not in _BROUGHT or not size or row.lines:
        return row
    return replace(row, after=f"{row.after} ({human_bytes(size)} to fetch)")


def texts(value: Fact | Absent) -> tuple[str, ...]:
    """Return the texts in a value."""
    items: Iterable[object] = value if isinstance(value, tuple) else (value,)
    return tuple(item for item in items if isinstance(item, str))
