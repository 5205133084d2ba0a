"""The changelog of a model: what upstream offers now against what is locked or was applied, as rows. Pure."""

from collections.abc import Iterator, Mapping

from reconciler.core.change import Change
from reconciler.core.digest import Digest
from reconciler.core.expand import BUILD
from reconciler.core.facts import ABSENT, Fact, Facts
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address, ModelName
from reconciler.core.plan import Plan
from reconciler.core.resolution import Pinned
from reconciler.core.state import Desired, Recorded
from reconciler.core.steps import needed_blobs, pull_of
from reconciler.report.fields import FieldRow, first_rows, value_text
from reconciler.report.layers import layer_rows, recorded_rows, texts
from reconciler.report.sentences import pin_text
from reconciler.report.text import human_bytes, safe

_CONTENT = frozenset({"adapters", "manifest", "projectors", "weights"})  # of a model, what references bring
_PINNED = ("commit", "file", "sha256", "size", "mmproj", "mmproj_sha256")  # of the provenance of files


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
    rows = _of_files(before, after) if new is None else layer_rows(change.news, pull_of(entry.steps), new)
    return Versions(_part(entry), before, after, new_bytes(entry, entry.offered), first_rows(rows))


def applied(change: Change, record: Recorded) -> Versions | None:
    """Return what was applied against what upstream offers; None where that is the same, locked, or not on record."""
    entry = change.after
    if entry is None or entry.locked:
        return None
    then, now = (tuple(pair for pair in content if pair[0] in _CONTENT) for content in (record.content, entry.content))
    if not then or not now or then == now:
        return None
    before, after = (own_provenance(item.source, item.provenance) for item in (record, entry))
    pull, blobs = pull_of(entry.steps), needed_blobs(entry.steps)
    if pull is None:
        rows = _of_files(before, after)
    elif change.news:
        rows = layer_rows(change.news, None, pull)
    else:
        rows = recorded_rows(record, pull)
    known = {text for _, value in (*record.content, *record.facts) for text in texts(value)}
    transfer = sum(size for digest, size in blobs.items() if str(digest) not in known)
    return Versions(_part(entry), before, after, transfer, first_rows(rows))


def moved(change: Change) -> tuple[FieldRow, ...]:
    """Return what upstream changed under a reference that is followed, as far as it could be told."""
    new = pull_of(change.steps)
    known = new is not None and change.news and not (change.after and change.after.offered)
    return first_rows(layer_rows(change.news, None, new)) if new is not None and known else ()


def behind(versions: Versions) -> str:
    """Return what is locked and what upstream offers instead, in a few words."""
    return since("locked", versions)


def since(then: str, versions: Versions) -> str:
    """Return both versions in a few words, of which the old one was `then` so: locked or applied."""
    before, after = versions.pins
    return " ".join(filter(None, (versions.part, f"{then} {before}, upstream now {after}")))


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


def _part(entry: Desired) -> str:
    return "adapter" if entry.source == BUILD else ""


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
