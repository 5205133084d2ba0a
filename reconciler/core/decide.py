"""The policy for one address: from its three states to one decision. Everything here only computes.

The table in `tests/core/test_decide_table.py` is the specification of `decide`.
"""

from dataclasses import replace
from enum import StrEnum

from reconciler.core.change import Action, Change, Reason
from reconciler.core.digest import Digest
from reconciler.core.facts import ABSENT, FieldChange, differences
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.state import Desired, Live, Recorded
from reconciler.core.steps import Delete

_UNSEEN = "its layers differ, though no field that the host shows does"


class Prune(StrEnum):
    """What happens to models that we own and no longer declare."""

    NEVER = "never"
    FORGET = "forget"
    OWNED = "owned"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user allows beyond the safe default."""

    prune: Prune = Prune.NEVER
    adopt: bool = False  # take over unrecorded models that differ, by updating them


def decide(
    want: Desired | None,
    live: Live | None,
    recorded: Recorded | None,
    policy: Policy = Policy(),
    *,
    recognised: bool = False,
) -> Change | None:
    """Return the decision about one address; None where there is nothing of ours and nothing wanted.

    `recognised` tells that `live`, though not on record, or only as it was found, is what is declared by all that its
    host shows.
    """
    if want is None:
        return _undeclared(live, recorded, policy)
    if live is None:
        reason = Reason.NEW if recorded is None else Reason.MISSING
        return _write(want, None, Action.CREATE, (reason,), fields=differences((), want.content))
    if recorded is None:
        return unrecorded(want, live.digest, policy, recognised=recognised)
    if recorded.as_found and (recognised or live.digest in want.foretold):
        action, why = booking(want, recorded, (Reason.ALREADY_PRESENT,))
        return Change(want.address, action, why, live.digest, want, base=_base_model(want))
    return _known(want, live, recorded)


def _undeclared(live: Live | None, recorded: Recorded | None, policy: Policy) -> Change | None:
    """Nothing is wanted here: only what we made, unchanged since, may go."""
    if recorded is None:
        return None
    address, base = recorded.address, recorded.base
    if live is None:
        return Change(address, Action.FORGET, (Reason.GONE,), base=base)
    before = live.digest
    if before != recorded.digest and policy.prune is Prune.OWNED:
        drift = differences(live.facts, recorded.facts) if live.facts is not None else ()
        return Change(
            address,
            Action.REFUSE,
            (Reason.NOT_DECLARED, Reason.DRIFTED),
            before,
            drift=drift,
            base=base,
            note="no longer declared, but changed by somebody else since we applied it",
            hint="look at it, then delete it by hand, declare it again, or `reconciler forget` it",
        )
    if policy.prune is Prune.FORGET:
        return Change(address, Action.FORGET, (Reason.NOT_DECLARED,), before, base=base)
    if policy.prune is Prune.OWNED and not recorded.protect:
        return Change(address, Action.DELETE, (Reason.NOT_DECLARED,), before, steps=(Delete(address.model),), base=base)
    return Change(address, Action.NO_OP, (Reason.NOT_DECLARED,), before, base=base)


def unrecorded(want: Desired, before: Digest, policy: Policy, *, recognised: bool) -> Change:
    """Return the decision about what is wanted and there and not ours; `before` is what the host reports."""
    if recognised or before in want.foretold:
        return Change(want.address, Action.ADOPT, (Reason.ALREADY_PRESENT,), before, want, base=_base_model(want))
    if policy.adopt:
        fields = differences((), want.content)
        return Change(
            want.address, Action.UPDATE, (Reason.UNMANAGED,), before, want, fields, (), want.steps, _base_model(want)
        )
    return Change(
        want.address,
        Action.REFUSE,
        (Reason.UNMANAGED,),
        before,
        want,
        base=_base_model(want),
        note="exists and is not ours",
        hint="`--adopt` takes it over and makes it what is declared; or rename the resource",
    )


def _known(want: Desired, live: Live, recorded: Recorded) -> Change:
    """It is wanted, there, and on record."""
    drifted = live.digest != recorded.digest
    changed = want.fingerprint != recorded.fingerprint
    if not drifted and not changed:
        action, due = booking(want, recorded, (Reason.SPEC_CHANGED,) if want.protect != recorded.protect else ())
        if due:
            return Change(want.address, action, due, live.digest, want, base=_base_model(want))
        return Change(want.address, Action.NO_OP, (Reason.IN_SYNC,), live.digest, want, base=_base_model(want))
    fields = differences(recorded.content, want.content)
    reasons = _why(want, recorded, fields) if changed else ()
    fields = _with_names(fields, want, recorded)
    if live.digest in want.foretold or (not changed and live.facts is not None and live.facts == recorded.facts):
        action, why = booking(want, recorded, reasons or (Reason.ALREADY_PRESENT,))
        return Change(want.address, action, why, live.digest, want, fields, base=_base_model(want))
    if not drifted:
        return _write(want, live, Action.UPDATE, reasons, fields=fields)
    drift = _drift(want, live, recorded)
    change = _write(want, live, Action.UPDATE, (*reasons, Reason.DRIFTED), fields=fields, drift=drift)
    return change if drift or fields else replace(change, note=_UNSEEN)


def _with_names(fields: tuple[FieldChange, ...], want: Desired, recorded: Recorded) -> tuple[FieldChange, ...]:
    """Return the fields; another base is told by its name, and not by what identifies the content that it has."""
    names = (recorded.base, _base_model(want))
    if names[0] == names[1]:
        return fields
    before, after = (str(name) if name is not None else ABSENT for name in names)
    return tuple(FieldChange("base", before, after) if field.path == "base" else field for field in fields)


def _why(want: Desired, recorded: Recorded, fields: tuple[FieldChange, ...]) -> tuple[Reason, ...]:
    """Tell apart what the user, the hub or the lock, and the base changed; never empty."""
    paths = {field.path for field in fields}
    pinned = paths & {"manifest", "weights", "projectors", "adapters"}
    switched = bool(pinned) and _switched(want, recorded)
    moved = bool(pinned) and not switched and want.reference == recorded.reference
    own = paths - {"base"} - (pinned if moved or switched else set())
    mover = Reason.LOCK_MOVED if want.locked else Reason.UPSTREAM_MOVED
    mine, below = (Reason.SPEC_CHANGED, bool(own)), (Reason.BASE_CHANGED, "base" in paths)
    found = (mine, (mover, moved), (Reason.SOURCE_CHANGED, switched), below)
    return tuple(reason for reason, true in found if true) or (Reason.SPEC_CHANGED,)


def _switched(want: Desired, recorded: Recorded) -> bool:
    """Tell whether what was applied came from a source that is declared still, and is not the one that is taken."""
    before = {item.reference for item in recorded.sources if item.taken}
    return bool(before & {item.reference for item in want.sources if not item.taken})


def _drift(want: Desired, live: Live, recorded: Recorded) -> tuple[FieldChange, ...]:
    """Return what somebody changed, in the direction of the repair: from what is live to what apply will make of it.

    Where the manifest changed too, only what it declares can be told.
    """
    if live.facts is None:
        return ()
    found = differences(live.facts, recorded.facts)
    if want.fingerprint == recorded.fingerprint:
        return found
    declared = dict(want.content)
    return tuple(replace(field, after=declared[field.path]) for field in found if field.path in declared)


def _write(
    want: Desired,
    live: Live | None,
    action: Action,
    reasons: tuple[Reason, ...],
    fields: tuple[FieldChange, ...] = (),
    drift: tuple[FieldChange, ...] = (),
) -> Change:
    return Change(
        want.address, action, reasons, live.digest if live else None, want, fields, drift, want.steps, _base_model(want)
    )


def booking(want: Desired, recorded: Recorded, reasons: tuple[Reason, ...]) -> tuple[Action, tuple[Reason, ...]]:
    """Return what to do where the right content is there, and why: put it on record, or ask a test still due and then.

    No reasons at all mean that there is nothing to do.
    """
    if recorded.untested and want.test is not None:
        return Action.TEST, (*reasons, Reason.UNTESTED)
    return Action.ADOPT, reasons


def _base_model(want: Desired) -> ModelName | None:
    return want.base.model if want.base else None
