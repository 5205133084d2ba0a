"""The parts that the reports for machines have in common. Pure.

Absent values are left out; null is a value that a parameter may have. Bytes and seconds
are numbers. Everything is ASCII, so that no terminal can be fooled by it.
"""

import json
from collections.abc import Sequence

from reconciler.core.chain import Tried
from reconciler.core.facts import Absent, FieldChange
from reconciler.core.names import Address
from reconciler.core.outcome import Outcome
from reconciler.core.snapshot import AsOf
from reconciler.core.state import Unobserved
from reconciler.report.text import without_login

FORMAT_VERSION = "1.1"

Json = dict[str, object]


def report(kind: str, body: Json) -> str:
    """Return a whole report of this kind as text."""
    return text({"format_version": FORMAT_VERSION, "report": kind, **body})


def text(body: Json) -> str:
    """Return JSON as text that ends with an end of line."""
    return json.dumps(body, indent=2) + "\n"


def given(**values: object) -> Json:
    """Return what is there: absent, empty and unknown values are left out."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [])}


def address_json(address: Address) -> Json:
    """Return host and model."""
    return {"host": address.host, "model": str(address.model)}


def unobserved_json(host: Unobserved) -> Json:
    """Return a host that did not answer."""
    return given(name=host.host, url=without_login(host.url), message=host.message, hint=host.hint)


def field_json(field: FieldChange) -> Json:
    """Return one field that differs."""
    sides = {"before": field.before, "after": field.after}
    return {"path": field.path, **{side: value for side, value in sides.items() if not isinstance(value, Absent)}}


def as_of_json(as_of: AsOf | None) -> Json | None:
    """Return the snapshot that a plan was made from; None where the hosts were asked."""
    if as_of is None:
        return None
    return {"taken_at": as_of.taken_at, "age": as_of.age, "own_records": as_of.own_records}


def chain_json(sources: Sequence[Tried]) -> list[Json]:
    """Return how each source of a chain fared."""
    return [{"reference": item.reference, "taken": item.taken, **given(reason=item.reason)} for item in sources]


def outcome_json(outcome: Outcome) -> Json:
    """Return what came of one change."""
    return {
        **address_json(outcome.address),
        "action": outcome.action.value,
        "status": outcome.status.value,
        **given(digest=str(outcome.digest) if outcome.digest else None, message=outcome.message, hint=outcome.hint),
        "moved": outcome.moved,
        "seconds": round(outcome.seconds, 3),
    }
