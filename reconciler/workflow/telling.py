"""Telling: the one canonical line of a change, written once all is known that came of it."""

from reconciler.core.change import Change
from reconciler.core.outcome import Outcome, Status
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
