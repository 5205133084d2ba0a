"""The policy for all addresses together: each decided about alone, then with its base and its neighbours in view."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.change import Action, Change, Reason
from reconciler.core.decide import Policy, booking, decide, unrecorded
from reconciler.core.likeness import alike, overwritten
from reconciler.core.names import Address
from reconciler.core.state import Desired, DesiredState, Live, LiveState, Recorded, RecordedState, Unresolved
from reconciler.core.steps import Pull

_REPLACED = "whatever else it holds is replaced too"
_MAKES = frozenset({Action.CREATE, Action.UPDATE})


def diff(
    desired: DesiredState, live: LiveState, recorded: RecordedState, policy: Policy = Policy()
) -> tuple[Change, ...]:
    """Return one change for each address that is declared or recorded on an observed host, sorted by address."""
    wanted = {entry.address: entry for entry in desired.entries}
    unknown = {entry.address: entry for entry in desired.unresolved}
    models, records = live.models, recorded.by_address
    hosts = {host.host for host in live.observed}
    bases = {entry.base for entry in desired.entries} | {entry.base for entry in desired.unresolved}
    changes: list[Change] = []
    for address in sorted(wanted.keys() | unknown.keys() | models.keys() | records.keys()):
        if address.host not in hosts:
            continue
        if address in unknown:
            changes.append(_unresolved(unknown[address], models.get(address)))
            continue
        want, there = wanted.get(address), models.get(address)
        change = decide(want, there, records.get(address), policy, recognised=_recognised(want, there, models))
        if change is not None:
            change = _kept(change) if address in bases else change
            changes.append(_respectful(change, models, wanted))
    return _with_bases({change.address: change for change in changes}, models, records, policy)


def to_bring(
    desired: DesiredState, live: LiveState, recorded: RecordedState, policy: Policy = Policy()
) -> tuple[Desired, ...]:
    """Return the entries that have to be brought to their hosts, as far as each can be decided about alone.

    It is asked before the steps are final, so what only `diff` knows, such as a base that is refused, does not count.
    """
    models, records = live.models, recorded.by_address
    found = []
    for want in desired.entries:
        there = models.get(want.address)
        recognised = _recognised(want, there, models)
        change = decide(want, there, records.get(want.address), policy, recognised=recognised)
        if change is not None and change.action in _MAKES:
            found.append(want)
    return tuple(found)


def _unresolved(entry: Unresolved, live: Live | None) -> Change:
    reason = Reason.NOT_LOCKED if entry.unlocked else Reason.UNRESOLVED
    return Change(
        entry.address,
        Action.REFUSE,
        (Reason.HOST_TOO_OLD if entry.too_old else reason,),
        live.digest if live else None,
        base=entry.base.model if entry.base else None,
        note=entry.message,
        hint=entry.hint,
        declared_at=entry.location,
        failed=entry.sources,
    )


def _recognised(want: Desired | None, there: Live | None, models: Mapping[Address, Live]) -> bool:
    if want is None or there is None:
        return False
    return alike(want, there, models.get(want.base) if want.base else None)


def _kept(change: Change) -> Change:
    """Keep what a declared build stands on, even if it is no longer declared itself."""
    if change.action is not Action.DELETE:
        return change
    return replace(change, action=Action.NO_OP, steps=(), note="kept, because a declared build stands on it")


def _respectful(change: Change, models: Mapping[Address, Live], wanted: Mapping[Address, Desired]) -> Change:
    """Refuse a change that would replace another model on its way: a pull comes in under the hub's own name."""
    for step in change.steps:
        if not isinstance(step, Pull) or step.name == change.address.model:
            continue
        there = Address(change.address.host, step.name)
        if there in models and there not in wanted and models[there].digest not in step.foretold:
            return replace(
                change,
                action=Action.REFUSE,
                reasons=(Reason.UNMANAGED,),
                steps=(),
                note=f"it has to be pulled as {step.name}, and another model has that name on the host",
                hint=f"declare {step.name} itself, or delete that model by hand",
            )
    return change


def _with_bases(
    decided: Mapping[Address, Change],
    models: Mapping[Address, Live],
    records: Mapping[Address, Recorded],
    policy: Policy,
) -> tuple[Change, ...]:
    """Look at each build together with its base: what is refused or rewritten below it decides about it too."""
    settled: dict[Address, Change] = {}
    for address in decided:
        for item in reversed(_chain(address, decided, settled)):
            change = decided[item]
            below = change.after.base if change.after is not None else None
            base, there = (settled.get(below), models.get(below)) if below is not None else (None, None)
            seen = replace(change, base_before=there.digest) if there is not None else change
            settled[item] = _told(_on(base, seen, records.get(item), policy), models)
    return tuple(settled[address] for address in decided)


def _chain(start: Address, decided: Mapping[Address, Change], settled: Mapping[Address, Change]) -> tuple[Address, ...]:
    """Return an address and what it is built on, downwards, as far as that is not settled yet."""
    chain: dict[Address, None] = {}
    address: Address | None = start
    while address is not None and address in decided and address not in settled and address not in chain:
        chain[address] = None
        after = decided[address].after
        address = after.base if after is not None else None
    return tuple(chain)


def _on(base: Change | None, change: Change, record: Recorded | None, policy: Policy) -> Change:
    """Return the decision about a build, given that about its base; None where nobody decided about the base."""
    declared = base is not None and Reason.NOT_DECLARED not in base.reasons
    moving = base is not None and declared and base.action in _MAKES
    want = change.after
    if want is None or (change.before is None and not declared):
        return change
    if change.action is Action.ADOPT and record is None and change.before is not None and moving:
        change = unrecorded(want, change.before, policy, recognised=False)  # alike, but to a base that will go
    if change.action is Action.ADOPT and record is not None and record.as_found and moving:
        change = replace(change, action=Action.UPDATE, reasons=(Reason.BASE_CHANGED,), steps=want.steps)
    if base is not None and declared and base.action is Action.REFUSE and change.action in _MAKES:
        return replace(
            change,
            action=Action.REFUSE,
            reasons=(Reason.BASE_REFUSED,),
            steps=(),
            note=f"its base {change.base} is refused",
            hint="mend the base first",
        )
    if record is not None and change.reasons == (Reason.BASE_CHANGED,) and not moving and _stood(record, change):
        action, why = booking(want, record, (Reason.ALREADY_PRESENT,))
        return replace(change, action=action, reasons=why, steps=())
    return change


def _told(change: Change, models: Mapping[Address, Live]) -> Change:
    """Tell what of a model that is taken over will be lost: what is declared is not all that it holds."""
    want = change.after
    if change.action is not Action.UPDATE or change.reasons != (Reason.UNMANAGED,) or want is None:
        return change
    fields = overwritten(want, models[change.address], models.get(want.base) if want.base else None)
    return replace(change, note=_REPLACED) if fields is None else replace(change, fields=fields)


def _stood(record: Recorded, change: Change) -> bool:
    """Tell whether a build was made on the very base that is there now."""
    return record.base_digest is not None and record.base_digest == change.base_before
