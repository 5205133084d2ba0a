"""How models stand to upstream: for each model one answer, told once for all the hosts where it is the same. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from reconciler.core.chain import Tried
from reconciler.core.change import Change
from reconciler.core.facts import Facts, FieldChange
from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName, ModelName
from reconciler.core.plan import Plan
from reconciler.core.state import Desired, Recorded, RecordedState
from reconciler.report.changelog import Versions, applied, offered, own_provenance, standing_on, upgrade_hint


class Standing(StrEnum):
    """How one model stands to upstream; machines get these words."""

    OUTDATED = "outdated"  # upstream offers something else than what is locked
    MOVED = "moved"  # upstream offers something else than what was applied
    SAME = "same"
    ABSENT = "absent"  # nothing is locked and nothing on record, so there is nothing to compare with
    UNCHECKED = "unchecked"  # upstream could not say
    UNRESOLVED = "unresolved"  # what it is made from could not be found out
    BUILT = "built"  # it brings nothing of its own: its base may be outdated


NEW = frozenset({Standing.OUTDATED, Standing.MOVED})
UNKNOWN = frozenset({Standing.UNCHECKED, Standing.UNRESOLVED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One model, on the hosts where all of this is the same; texts are as they came, not yet safe for a terminal."""

    model: ModelName
    standing: Standing
    source: str = ""  # the source type; empty where it is unresolved
    reference: str = ""  # how people name where it comes from
    locked: bool = False
    base: ModelName | None = None
    before: Facts = ()  # what is locked or was applied; empty where nothing is
    after: Facts = ()  # what upstream offers; empty where that is not known
    versions: Versions | None = None  # only where upstream offers something else
    news: tuple[FieldChange, ...] = ()
    rebuilds: tuple[ModelName, ...] = ()
    note: str = ""
    hint: str = ""
    sources: tuple[Tried, ...] = ()  # how those fared that it could come from; empty where there is no choice


@dataclass(frozen=True, slots=True)
class Told:
    """An entry and its hosts, sorted."""

    entry: Entry
    hosts: tuple[HostName, ...]


Bases = Mapping[HostName, Mapping[ModelName, ModelName]]  # what each declared build stands on, by host


def told(plan: Plan, recorded: RecordedState, names: Sequence[ModelName], bases: Bases) -> tuple[Told, ...]:
    """Return the entries of these models, in this order."""
    known = recorded.by_address
    found: dict[Entry, list[HostName]] = {}
    for name in names:
        for change in plan.changes:
            if change.address.model == name:
                entry = _entry(change, known.get(change.address), bases.get(change.address.host, {}))
                found.setdefault(entry, []).append(change.address.host)
    return tuple(Told(entry, tuple(hosts)) for entry, hosts in found.items())


def _entry(change: Change, record: Recorded | None, bases: Mapping[ModelName, ModelName]) -> Entry:
    model, base, entry = change.address.model, change.base, change.after
    if entry is None:
        why, failed = change.note, change.sources
        return Entry(model, Standing.UNRESOLVED, base=base, note=why, hint=change.hint, sources=failed)
    versions = offered(change) or (applied(change, record) if record is not None else None)
    now = own_provenance(entry.source, entry.provenance)
    standing = _standing(entry, record, versions) if now else Standing.BUILT
    before, after = _sides(now, standing, versions)
    found = Entry(
        model, standing, entry.source, entry.reference, entry.locked, base, before, after, sources=entry.sources
    )
    if versions is not None:
        rebuilds, hint = standing_on(model, bases), upgrade_hint(change) if standing is Standing.OUTDATED else ""
        return replace(found, versions=versions, news=change.news, rebuilds=rebuilds, note=change.note, hint=hint)
    return replace(found, note=entry.unchecked)


def _sides(now: Facts, standing: Standing, versions: Versions | None) -> tuple[Facts, Facts]:
    """Return what is there and what upstream offers, of which `now` is the one or the other, or both."""
    if versions is not None:
        return versions.before, versions.after
    return () if standing is Standing.ABSENT else now, () if standing is Standing.UNCHECKED else now


def _standing(entry: Desired, record: Recorded | None, versions: Versions | None) -> Standing:
    if versions is not None:
        return Standing.OUTDATED if entry.offered is not None else Standing.MOVED
    if entry.unchecked:
        return Standing.UNCHECKED
    return Standing.SAME if entry.locked or _made_known(record) else Standing.ABSENT


def _made_known(record: Recorded | None) -> bool:
    """Tell whether it is on record what a model was made from; of one that was adopted as it was it is not."""
    return record is not None and bool(dict(record.content))
