"""How models stand to upstream, for machines."""

from collections.abc import Sequence

from reconciler.report.json_parts import Json, chain_json, field_json, given, report
from reconciler.report.upstream import NEW, UNKNOWN, Told


def diff_json(found: Sequence[Told]) -> str:
    """Return each answer with the hosts where it is the same."""
    standings = {item.entry.standing for item in found}
    body = {
        "complete": not standings & UNKNOWN,
        "new": bool(standings & NEW),
        "models": [_told(item) for item in found],
    }
    return report("diff", body)


def _told(item: Told) -> Json:
    entry, versions = item.entry, item.entry.versions
    return {
        "model": str(entry.model),
        "hosts": list(item.hosts),
        "standing": entry.standing.value,
        "locked": entry.locked,
        **given(
            source=entry.source,
            reference=entry.reference,
            sources=chain_json(entry.sources),
            base=str(entry.base) if entry.base else None,
            before=dict(entry.before) or None,
            after=dict(entry.after) or None,
            transfer=versions.transfer if versions else None,
            news=[field_json(field) for field in entry.news],
            rebuilds=[str(name) for name in entry.rebuilds],
            note=entry.note,
            hint=entry.hint,
        ),
    }
