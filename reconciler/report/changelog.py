"""The changelog of a model: what upstream offers now against what is locked or was applied, as rows. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.change import Change
from reconciler.core.digest import Digest
from reconciler.core.expand import BUILD
from reconciler.core.facts import ABSENT, Absent, Fact, Facts, FieldChange, differences, facts
from reconciler.core.names import Address, ModelName
from reconciler.core.plan import Plan
from reconciler.core.resolution import Pinned
from reconciler.core.state import Desired
from reconciler.core.steps import Pull, needed_blobs, pull_of
from reconciler.report.fields import FieldRow, field_row, first_rows, value_text
from reconciler.report.sentences import pin_text
from reconciler.report.text import human_bytes, safe

_BROUGHT = frozenset({"weights", "projectors", "adapters"})  # fields that stand for content, not for settings
_PINNED = ("commit", "file", "sha256", "size")  # of the provenance of files
_WEIGHTS = frozenset({"model", "tensor"})  # layers


@dataclass(frozen=True, slots=True)
class Versions:
    """Two meanings of one reference, as their sources tell them, and what differs between them."""

    part: str  # which part of the model it is about; empty for the whole
    before: Facts
    after: Facts
    transfer: int  # bytes of the new one that the old one has not
    rows: tuple[FieldRow, ...]

    @property
    def pins(self) -> tuple[str, str]:
        """Return the start of the commit or digest of each."""
        return pin_text(self.before), pin_text(self.after)


def offered(change: Change) -> Versions | None:
    """Return what is locked against what upstream offers instead; None where that is the same, or not known."""
    entry = change.after
    if entry is None or entry.offered is None:
        return None
    before, after, new = own_provenance(entry.source, entry.provenance), entry.offered.provenance, entry.offered.pull
    rows = _of_files(before, after) if new is None else _of_layers(change.news, pull_of(entry.steps), new)
    part = "adapter" if entry.source == BUILD else ""
    return Versions(part, before, after, new_bytes(entry, entry.offered), first_rows(rows))


def moved(change: Change) -> tuple[FieldRow, ...]:
    """Return what upstream changed under a reference that is followed, as far as it could be told."""
    new = pull_of(change.steps)
    known = new is not None and change.news and not (change.after and change.after.offered)
    return first_rows(_of_layers(change.news, None, new)) if new is not None and known else ()


def behind(versions: Versions) -> str:
    """Return what is locked and what upstream offers instead, in a few words."""
    before, after = versions.pins
    return " ".join(filter(None, (versions.part, f"locked {before}, upstream now {after}")))


def upgrade_hint(change: Change) -> str:
    """Return how the lock is moved to what upstream offers."""
    return f"`reconciler lock --upgrade {change.address.model}`"


def own_provenance(source: str, provenance: Facts) -> Facts:
    """Return where content comes from by itself; for a build that is its adapter, the only thing it brings."""
    prefix = "adapter." if source == BUILD else ""
    return tuple((path.removeprefix(prefix), value) for path, value in provenance if path.startswith(prefix))


def new_bytes(entry: Desired, found: Pinned) -> int:
    """Return how many bytes of what was found are not in what is declared."""
    held = needed_blobs(entry.steps)
    return sum(size for digest, size in _blobs(found).items() if digest not in held)


def rebuilt_by(plan: Plan, address: Address) -> tuple[ModelName, ...]:
    """Return the declared builds that stand on a model, on its host."""
    here = [item for item in plan.changes if item.address.host == address.host and item.location is not None]
    return standing_on(address.model, {item.address.model: item.base for item in here if item.base is not None})


def standing_on(name: ModelName, bases: Mapping[ModelName, ModelName]) -> tuple[ModelName, ...]:
    """Return what is built on a model, directly or not, sorted."""
    found: set[ModelName] = set()
    waiting = [name]
    while waiting:
        below = waiting.pop()
        above = {item for item, base in bases.items() if base == below} - found
        found |= above
        waiting += above
    return tuple(sorted(found - {name}))


def _blobs(found: Pinned) -> dict[Digest, int]:
    return dict(found.pull.layers) if found.pull is not None else {blob.digest: blob.size for _, blob in found.files}


def _of_files(before: Facts, after: Facts) -> Iterator[FieldRow]:
    """Yield what differs in where two files come from and what they are."""
    old, new = dict(before), dict(after)
    for path in _PINNED:
        if old.get(path) != new.get(path):
            yield FieldRow(path, before=_pinned(path, old.get(path)), after=_pinned(path, new.get(path)))


def _pinned(path: str, value: Fact) -> str:
    if path == "size" and isinstance(value, int):
        return human_bytes(value)
    return safe(pin_text(((path, value),))) or value_text(ABSENT if value is None else value)


def _of_layers(news: tuple[FieldChange, ...], old: Pull | None, new: Pull) -> Iterator[FieldRow]:
    """Yield what differs in what two hub manifests say, weights first; where it was not read, by digests."""
    told = news or (differences(_parts(old), _parts(new)) if old is not None else ())
    if not any(field.path == "weights" for field in told):
        yield from _weights(old, new)
    if not told:
        yield FieldRow("config", told="another, and nothing that a host shows differs")
    sizes = {str(digest): size for digest, size in new.layers}
    for field in sorted(told, key=lambda field: (field.path not in _BROUGHT, field.path)):
        yield _sized(field, sizes)


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
    fresh = set(_texts(field.after)) - set(_texts(field.before))
    size = sum(sizes.get(digest, 0) for digest in fresh)
    if field.path not in _BROUGHT or not size or row.lines:
        return row
    return replace(row, after=f"{row.after} ({human_bytes(size)} to fetch)")


def _texts(value: Fact | Absent) -> tuple[str, ...]:
    items: Iterable[object] = value if isinstance(value, tuple) else (value,)
    return tuple(item for item in items if isinstance(item, str))
