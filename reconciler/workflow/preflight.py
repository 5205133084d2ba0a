"""Preflight: what can be known not to work before a byte moves.

Only what has to be brought to a host is looked at, so a plan in which nothing changes asks nothing more; and only
what is known not to work is refused.
"""

from collections.abc import Iterable, Mapping

from reconciler.core.names import Address, HostName
from reconciler.core.state import Desired
from reconciler.core.steps import Create
from reconciler.core.versions import Feature, older
from reconciler.errors import HostTooOld, ReconcilerError

_UPGRADE = "upgrade the host, or select newer ones under `hosts`"


def refusals(away: Iterable[Desired], versions: Mapping[HostName, str]) -> dict[Address, ReconcilerError]:
    """Return, for all that the hosts of these `versions` can't make, why."""
    found = ((entry.address, _too_old(entry, versions[entry.address.host])) for entry in away)
    return {address: error for address, error in found if error is not None}


def _too_old(entry: Desired, version: str) -> HostTooOld | None:
    """Return the error for a host that would drop a part of what is declared without a word."""
    needed = Feature.RENDERERS
    uses = any(isinstance(step, Create) and (step.renderer or step.parser) for step in entry.steps)
    if not uses or not older(version, needed.since):
        return None
    return HostTooOld(f"{needed.title} need Ollama {needed.since}, and the host has {version}", hint=_UPGRADE)
