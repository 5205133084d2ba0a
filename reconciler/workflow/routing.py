"""Routing: how what a host lacks will get there, and whether it can still be had at all.

Only what has to be brought to a host is looked at, so a plan in which nothing changes asks nothing more.
"""

from collections.abc import Iterable, Mapping

from reconciler.core.names import HostName
from reconciler.core.routes import Route, layers_of, rerouted
from reconciler.core.state import Desired, DesiredState, Unresolved
from reconciler.core.steps import Blob, Upload, pull_of
from reconciler.errors import HostError, NotFound, ReconcilerError, Unusable
from reconciler.ports import Host, Sources
from reconciler.workflow.fleet import Fleet


def routed(
    desired: DesiredState, away: Iterable[Desired], hosts: Mapping[HostName, Host], sources: Sources, fleet: Fleet
) -> DesiredState:
    """Return the desired state with the steps that really bring what is `away`, which is some of its entries.

    What is locked, moved upstream and can't be had any more is unresolved: nothing else is put in its stead.
    """
    answers = fleet.each(lambda entry: _routed(entry, hosts[entry.address.host], sources), away)
    found = {entry.address: answer for entry, answer in answers}
    entries: list[Desired] = []
    unresolved = list(desired.unresolved)
    for entry in desired.entries:
        answer = found.get(entry.address, entry)
        if isinstance(answer, ReconcilerError):
            unresolved.append(_lost(entry, answer))
        else:
            entries.append(answer)
    return DesiredState(tuple(entries), tuple(sorted(unresolved, key=lambda item: item.address)))


def _routed(entry: Desired, host: Host, sources: Sources) -> Desired:
    """Return the entry by the best route; raises ResolutionError where there is none."""
    pull = pull_of(entry.steps)
    moved = entry.offered is not None or bool(entry.unchecked)
    if moved:
        _must_be_had(entry, host, sources)
    if pull is None or entry.ref is None:
        return entry
    route = Route.INSTALL if moved else sources(entry.source).route(entry.ref, pull)
    if route is Route.INSTALL and not host.callback:
        why = f"{pull.name} moved upstream" if moved else f"{pull.name} needs a login"
        raise Unusable(
            f"{why}, and the host can't fetch it from us",
            hint="give an address of this machine that the host can reach: `--listen ADDRESS`",
        )
    return rerouted(entry, route)


def _must_be_had(entry: Desired, host: Host, sources: Sources) -> None:
    """Raise NotFound for content that neither the host nor upstream has any more."""
    for blob in _blobs(entry):
        if not _holds(host, blob) and not sources(blob.source).offers(blob):
            anew = f"`reconciler lock --upgrade {entry.address.model}` takes what is offered now"
            raise NotFound(
                f"what is locked for {entry.reference} can't be had any more: {blob.digest.short} is gone",
                hint=f"nothing else is offered: {entry.unchecked}" if entry.unchecked else anew,
            )


def _blobs(entry: Desired) -> tuple[Blob, ...]:
    pull = pull_of(entry.steps)
    layers = layers_of(pull, entry.source) if pull is not None else ()
    return (*layers, *(step.blob for step in entry.steps if isinstance(step, Upload)))


def _holds(host: Host, blob: Blob) -> bool:
    try:
        return host.has_blob(blob.digest)
    except HostError:
        return False


def _lost(entry: Desired, error: ReconcilerError) -> Unresolved:
    return Unresolved(entry.address, entry.kind, error.message, error.hint, entry.location, entry.base)
