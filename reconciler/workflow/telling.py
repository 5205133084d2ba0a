"""Telling: the one canonical line of a change, written once all is known that came of it, or of what it would do."""

from reconciler.core.change import Change
from reconciler.core.outcome import Outcome, Status
from reconciler.core.plan import Plan
from reconciler.ports import Listener


def tell(listener: Listener, change: Change, outcome: Outcome) -> None:
    """Emit what came of a change; host, model, action, status, bytes and seconds are always there."""
    facts: dict[str, object] = {
        "host": outcome.address.host,
        "model": str(outcome.address.model),
        "action": outcome.action.value,
        "status": outcome.status.value,
        "reasons": ",".join(change.reasons),
        "bytes": outcome.moved,
        "seconds": outcome.seconds,
    }
    known = {"digest": outcome.digest.short if outcome.digest else "", "error": outcome.message, "hint": outcome.hint}
    facts |= {key: text for key, text in known.items() if text}
    level = "info" if outcome.status is Status.APPLIED else "error"
    listener.event(level, f"change_{outcome.status.value}", **facts)


def tell_pending(listener: Listener, plan: Plan, change: Change) -> None:
    """Emit what a change would do that nobody makes now; bytes are those that it would move."""
    facts: dict[str, object] = {
        "host": change.address.host,
        "model": str(change.address.model),
        "action": change.action.value,
        "reasons": ",".join(change.reasons),
        "bytes": plan.cost(change).transfer,
    }
    known = {"error": change.note, "hint": change.hint}
    listener.event("warning", "change_pending", **facts, **{key: text for key, text in known.items() if text})
