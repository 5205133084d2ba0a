"""The plan: every change in order, what it costs, and what it rests on."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from operator import itemgetter

from reconciler.core.change import HOPELESS, WRITES, Action, Change, Cost
from reconciler.core.digest import Digest, Fingerprint, fingerprint
from reconciler.core.disk import freed, rewritten
from reconciler.core.frozen import dataclass
from reconciler.core.lock import Followed
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.order import stages
from reconciler.core.safety import Case, Limits, Violation, violations
from reconciler.core.snapshot import AsOf
from reconciler.core.state import LiveState, Observed, RecordedState, Unobserved
from reconciler.core.steps import create_of, is_staging, needed_blobs

Present = Mapping[HostName, frozenset[Digest]]  # the blobs that each host was found to hold


@dataclass(frozen=True, slots=True)
class HostView:
    """What a plan says about one observed host besides its changes."""

    host: HostName
    url: str
    version: str
    in_sync: int  # as declared, and on record so: what is to be adopted is counted there
    unmanaged: tuple[ModelName, ...]  # there, not declared and not ours: never touched
    undeclared: tuple[ModelName, ...]  # ours, no longer declared, and kept


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposal. Frozen: apply does exactly this or refuses."""

    changes: tuple[Change, ...]  # sorted by address, no-ops included
    stages: tuple[tuple[Change, ...], ...]  # the pending ones, in the order of execution
    costs: tuple[tuple[Address, Cost], ...]  # sorted by address
    hosts: tuple[HostView, ...]
    unobserved: tuple[Unobserved, ...]
    violations: tuple[Violation, ...]
    lineage: str
    serial: int
    fingerprint: Fingerprint
    followed: Followed = field(default_factory=Followed)  # references that no lock holds
    as_of: AsOf | None = None  # the snapshot that it was made from; absent where the hosts were asked

    @property
    def complete(self) -> bool:
        """Tell whether every host was observed, and everything declared was found and can be made."""
        return not self.unobserved and not any(HOPELESS.intersection(change.reasons) for change in self.changes)

    @property
    def pending(self) -> tuple[Change, ...]:
        """Return the changes that apply would make, sorted by address."""
        return tuple(change for change in self.changes if change.pending)

    @property
    def writes(self) -> tuple[Change, ...]:
        """Return the changes that apply would make on hosts; the other pending ones only mend our records."""
        return tuple(change for change in self.changes if change.action in WRITES)

    @property
    def outdated(self) -> tuple[Change, ...]:
        """Return the changes, most of which do nothing, to which upstream offers something else than what is locked."""
        return tuple(change for change in self.changes if change.outdated)

    @property
    def refused(self) -> tuple[Change, ...]:
        """Return the changes that apply would not make though something is asked for or wrong."""
        return tuple(change for change in self.changes if change.action is Action.REFUSE)

    def only(self, changes: tuple[Change, ...]) -> "Plan":
        """Return a plan of nothing but these changes, which cost nothing."""
        mark = fingerprint([_mark(change) for change in changes])
        return replace(self, changes=changes, stages=stages(changes), costs=(), violations=(), fingerprint=mark)

    def mark(self, change: Change) -> Fingerprint:
        """Return what identifies a change and what it meets on its host: with another one it may end otherwise."""
        version = next((view.version for view in self.hosts if view.host == change.address.host), "")
        return fingerprint([*_mark(change), str(change.base_before), version])

    def without(self, held: Collection[Address]) -> "Plan":
        """Return a plan that does nothing about these models and what is built on them, and the rest as before."""
        left = set(held)
        for change in (change for stage in self.stages for change in stage):  # bases come before their builds
            if change.base is not None and Address(change.address.host, change.base) in left:
                left.add(change.address)
        changes = tuple(
            replace(change, action=Action.NO_OP, steps=()) if change.address in left else change
            for change in self.changes
        )
        mark = fingerprint([_mark(change) for change in changes if change.pending])
        costs = tuple((address, cost) for address, cost in self.costs if address not in left)
        return replace(self, changes=changes, stages=stages(changes), costs=costs, fingerprint=mark)

    def cost(self, change: Change) -> Cost:
        """Return what one change moves and takes."""
        place = bisect_left(self.costs, change.address, key=itemgetter(0))
        found = self.costs[place : place + 1]
        return found[0][1] if found and found[0][0] == change.address else Cost()

    @property
    def total(self) -> Cost:
        """Return what all changes move and take together."""
        costs = [cost for _, cost in self.costs]
        at_most = any(cost.at_most for cost in costs)
        return Cost(sum(cost.transfer for cost in costs), sum(cost.disk for cost in costs), at_most)


def make_plan(
    changes: Sequence[Change],
    live: LiveState,
    recorded: RecordedState,
    present: Present,
    limits: Limits = Limits(),
    followed: Followed = Followed(),
) -> Plan:
    """Return the plan of these changes; `present` names the blobs found on each host. Raises DependencyCycle."""
    ordered = stages(changes)
    costs = _costs(ordered, live, recorded, present)
    return Plan(
        changes=tuple(changes),
        stages=ordered,
        costs=costs,
        hosts=tuple(_view(host, changes, recorded) for host in live.observed),
        unobserved=live.unobserved,
        violations=violations(Case(changes, dict(costs), limits)),
        lineage=recorded.lineage,
        serial=recorded.serial,
        fingerprint=fingerprint([_mark(change) for change in changes if change.pending]),
        followed=followed,
    )


def bounded(plan: Plan, unknown: Present) -> Plan:
    """Return the plan with a mark at what it costs where that is the most it can be.

    `unknown` names the blobs of which nobody could tell whether the host holds them: they are counted as missing.
    """
    doubtful = {
        change.address
        for change in plan.pending
        if unknown.get(change.address.host, frozenset()) & needed_blobs(change.steps).keys()
    }
    costs = ((place, replace(cost, at_most=place in doubtful and cost.transfer > 0)) for place, cost in plan.costs)
    return replace(plan, costs=tuple(costs))


def blobs_in_question(changes: Sequence[Change]) -> dict[HostName, frozenset[Digest]]:
    """Return, for each host, the blobs whose presence decides what the pending changes cost."""
    asked: dict[HostName, frozenset[Digest]] = {}
    for change in changes:
        blobs = frozenset(needed_blobs(change.steps))
        if blobs:
            asked[change.address.host] = asked.get(change.address.host, frozenset()) | blobs
    return asked


def _costs(
    ordered: Sequence[Sequence[Change]], live: LiveState, recorded: RecordedState, present: Present
) -> tuple[tuple[Address, Cost], ...]:
    """Count each blob, and each copy that a host makes of one, once per host, in the change that brings it."""
    versions = {host.host: host.version for host in live.observed}
    gone = freed([change for stage in ordered for change in stage], live, recorded)
    held = {host: set(blobs) for host, blobs in present.items()}
    copied: dict[HostName, dict[Digest, int]] = {}
    found: dict[Address, Cost] = {}
    for change in (change for stage in ordered for change in stage):
        have = held.setdefault(change.address.host, set())
        missing = {digest: size for digest, size in needed_blobs(change.steps).items() if digest not in have}
        if not _quantises(change):  # a host drops what it quantised from
            have.update(missing)
        moved = sum(missing.values())
        copies = copied.setdefault(change.address.host, {})
        before = sum(copies.values())
        copies.update(rewritten(change, versions.get(change.address.host, "")))
        found[change.address] = Cost(moved, moved + sum(copies.values()) - before - gone.get(change.address, 0))
    return tuple(sorted(found.items()))


def _quantises(change: Change) -> bool:
    create = create_of(change.steps)
    return create is not None and create.quantize is not None


def _view(host: Observed, changes: Sequence[Change], recorded: RecordedState) -> HostView:
    here = [change for change in changes if change.address.host == host.host]
    known = {change.address for change in here} | recorded.by_address.keys()
    quiet = [change for change in here if change.action is Action.NO_OP]
    return HostView(
        host.host,
        host.url,
        host.version,
        in_sync=sum(change.after is not None for change in quiet),
        unmanaged=tuple(
            sorted(
                model.address.model
                for model in host.models
                if model.address not in known and not is_staging(model.address.model)
            )
        ),
        undeclared=tuple(change.address.model for change in quiet if change.after is None),
    )


def _mark(change: Change) -> list[object]:
    """Return what identifies a change for the plan's fingerprint."""
    before = str(change.before) if change.before else None
    return [
        str(change.address),
        change.action.value,
        before,
        change.after.fingerprint if change.after else None,
        repr(change.after.test) if change.after else None,
        [repr(step) for step in change.steps],
    ]
