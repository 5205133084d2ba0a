"""Records and outcomes as JSON text, and back, exactly. What cannot be read back is a ValueError, never a guess."""

import json
from collections.abc import Callable
from typing import TypeVar

from reconciler.core.chain import Tried
from reconciler.core.change import Action
from reconciler.core.digest import Digest, Fingerprint
from reconciler.core.facts import Fact, Facts
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.outcome import Outcome, Status
from reconciler.core.resource import Kind
from reconciler.core.state import Recorded

T = TypeVar("T")

_Json = dict[str, Fact]


def record_text(record: Recorded) -> str:
    """Return a record as one line of JSON; absent values are left out."""
    return _text(
        host=record.address.host,
        model=str(record.address.model),
        kind=record.kind.value,
        fingerprint=record.fingerprint,
        content=record.content,
        source=record.source,
        reference=record.reference,
        provenance=record.provenance,
        digest=str(record.digest),
        facts=record.facts,
        size=record.size,
        applied_at=record.applied_at,
        base=str(record.base) if record.base else None,
        base_digest=str(record.base_digest) if record.base_digest else None,
        protect=record.protect,
        sources=tuple((item.reference, item.taken, item.reason) for item in record.sources) or None,
        untested=record.untested or None,
    )


def record_from(text: str) -> Recorded:
    """Return the record that `record_text` wrote; raises ValueError for anything else."""
    return _read(text, _record)


def outcome_text(outcome: Outcome) -> str:
    """Return an outcome as one line of JSON; absent values are left out."""
    return _text(
        host=outcome.address.host,
        model=str(outcome.address.model),
        action=outcome.action.value,
        status=outcome.status.value,
        digest=str(outcome.digest) if outcome.digest else None,
        message=outcome.message,
        hint=outcome.hint,
        moved=outcome.moved,
        seconds=outcome.seconds,
    )


def outcome_from(text: str) -> Outcome:
    """Return the outcome that `outcome_text` wrote; raises ValueError for anything else."""
    return _read(text, _outcome)


def _text(**values: Fact) -> str:
    """Pure ASCII, so that no store trips over a NUL or half a surrogate pair."""
    return json.dumps({key: value for key, value in values.items() if value is not None}, separators=(",", ":"))


def _read(text: str, build: Callable[[_Json], T]) -> T:
    try:
        return build(json.loads(text))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not what was written: {error!r}") from error


def _record(data: _Json) -> Recorded:
    base, base_digest = data.get("base"), data.get("base_digest")
    return Recorded(
        address=_address(data),
        kind=Kind(_str(data["kind"])),
        fingerprint=Fingerprint(_str(data["fingerprint"])),
        content=_facts(data["content"]),
        source=_str(data["source"]),
        reference=_str(data["reference"]),
        provenance=_facts(data["provenance"]),
        digest=Digest.parse(_str(data["digest"])),
        facts=_facts(data["facts"]),
        size=_int(data["size"]),
        applied_at=_str(data["applied_at"]),
        base=ModelName.parse(_str(base)) if base is not None else None,
        base_digest=Digest.parse(_str(base_digest)) if base_digest is not None else None,
        protect=data["protect"] is True,
        sources=_chain(data.get("sources", [])),
        untested=data.get("untested") is True,
    )


def _outcome(data: _Json) -> Outcome:
    digest, seconds = data.get("digest"), data["seconds"]
    return Outcome(
        address=_address(data),
        action=Action(_str(data["action"])),
        status=Status(_str(data["status"])),
        digest=Digest.parse(_str(digest)) if digest is not None else None,
        message=_str(data["message"]),
        hint=_str(data["hint"]),
        moved=_int(data["moved"]),
        seconds=seconds if isinstance(seconds, float) else float(_int(seconds)),
    )


def _address(data: _Json) -> Address:
    return Address(HostName(_str(data["host"])), ModelName.parse(_str(data["model"])))


def _chain(value: object) -> tuple[Tried, ...]:
    if not isinstance(value, list):
        raise TypeError("sources are a list")
    return tuple(Tried(_str(reference), _bool(taken), _str(reason)) for reference, taken, reason in value)


def _facts(value: object) -> Facts:
    if not isinstance(value, list):
        raise TypeError("facts are a list")
    return tuple((_str(path), _fact(fact)) for path, fact in value)


def _fact(value: object) -> Fact:
    """Lists, at any depth, were tuples."""
    if isinstance(value, list):
        return tuple(_fact(item) for item in value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError("a fact is no object")


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is wanted")
    return value


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is wanted")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a whole number is wanted")
    return value
