"""Routing: how what a host lacks will get there, and whether it can still be had at all.

Only what has to be brought to a host is looked at, so a plan in which nothing changes asks nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from reconciler.core.names import Address, HostName
from reconciler.core.parts import passed_on
from reconciler.core.routes import LISTEN, Route, layers_of, rerouted
from reconciler.core.state import Desired, DesiredState, LiveState, Unresolved
from reconciler.core.steps import Blob, Pull, pull_of, uploads_of
from reconciler.errors import HostTooOld, NotFound, ReconcilerError, ResolutionError, SourceUnavailable, Unusable
from reconciler.ports import Host, Sources
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.preflight import preflight
from reconciler.workflow.resolve import told

Hosts = Mapping[HostName, Host]

_ORIGIN = "declare where its content comes from: `ollama`, `huggingface`, `gguf` or `safetensors`"


def routed(
    desired: DesiredState, away: Sequence[Desired], live: LiveState, hosts: Hosts, sources: Sources, fleet: Fleet
) -> DesiredState:
    """Return the desired state with the steps that really bring what is `away`, which is some of its entries.

    What its host can't make is unresolved, and so is what is locked, moved upstream and can't be had any more:
    nothing else is put in its stead.
    """
    versions = {host.host: host.version for host in live.observed}
    judged = preflight(away, {entry.address: entry for entry in desired.entries}, versions, sources, fleet)
    wanted = {entry.address: replace(entry, warnings=judged.doubted.get(entry.address, ())) for entry in away}
    lost = judged.refused | _nowhere((entry for entry in away if entry.address not in judged.refused), hosts, fleet)
    moved = [entry for address, entry in wanted.items() if address not in lost and _moved(entry)]
    lost.update(_gone(moved, hosts, sources, fleet))
    there = [passed_on(entry, versions[entry.address.host]) for entry in wanted.values() if entry.address not in lost]
    for entry, answer in fleet.each(lambda item: _routed(item, hosts[item.address.host], sources), there):
        if isinstance(answer, ReconcilerError):
            lost[entry.address] = answer
        else:
            wanted[entry.address] = answer
    unresolved = (_unresolved(entry, lost[entry.address]) for entry in desired.entries if entry.address in lost)
    return DesiredState(
        tuple(wanted.get(entry.address, entry) for entry in desired.entries if entry.address not in lost),
        tuple(sorted((*desired.unresolved, *unresolved), key=lambda item: item.address)),
    )


def _moved(entry: Desired) -> bool:
    """Tell whether upstream means something else by now than what is locked, or may: the host can't just pull it."""
    return entry.offered is not None or bool(entry.unchecked)


def _gone(moved: Iterable[Desired], hosts: Hosts, sources: Sources, fleet: Fleet) -> dict[Address, ReconcilerError]:
    """Return, for all that can't be had any more, why; each blob is asked for upstream once, whoever lacks it."""
    needed = [(entry, blob) for entry in moved for blob in _blobs(entry)]
    held = fleet.each(lambda item: hosts[item[0].address.host].has_blob(item[1].held_as), needed)
    lacking = [(entry, blob, answer) for (entry, blob), answer in held if answer is not True]
    offers = fleet.each(lambda blob: sources(blob.source).offers(blob), dict.fromkeys(blob for _, blob, _ in lacking))
    offered = dict(offers)
    found: dict[Address, ReconcilerError] = {}
    for entry, blob, there in lacking:
        answer = offered[blob]
        if answer is not True:
            why = _not_told(entry, there) if isinstance(there, ReconcilerError) else _not_had(entry, blob, answer)
            found.setdefault(entry.address, why)
    return found


def _nowhere(entries: Iterable[Desired], hosts: Hosts, fleet: Fleet) -> dict[Address, ReconcilerError]:
    """Return, for all that takes a blob which nobody can bring, and which its host does not hold, why it can't be."""
    held = [(entry, blob) for entry in entries for blob in _blobs(entry) if not blob.locator]
    found: dict[Address, ReconcilerError] = {}
    for (entry, blob), answer in fleet.each(lambda item: hosts[item[0].address.host].has_blob(item[1].digest), held):
        if isinstance(answer, ReconcilerError):
            found.setdefault(entry.address, answer)
        elif not answer:
            message = f"the host does not hold the blob {blob.digest.short}, and Ollama gives none away"
            found.setdefault(entry.address, Unusable(message, hint=_ORIGIN))
    return found


def _blobs(entry: Desired) -> tuple[Blob, ...]:
    pull = pull_of(entry.steps)
    layers = layers_of(pull, entry.source) if pull is not None else ()
    return (*layers, *uploads_of(entry.steps))


def _not_told(entry: Desired, error: ReconcilerError) -> ResolutionError:
    """Return why nobody knows whether an entry can be had: upstream lacks a blob, and what the host says is `error`."""
    return SourceUnavailable(f"{_what(entry)} upstream, and {error.message}", hint=error.hint)


def _what(entry: Desired) -> str:
    return f"what is locked for {entry.reference if entry.ref else entry.address.model} can't be had"


def _not_had(entry: Desired, blob: Blob, answer: ReconcilerError | Literal[False]) -> ResolutionError:
    """Return why this blob of an entry can't be had; `answer` is what upstream said to it."""
    what = _what(entry)
    if isinstance(answer, ReconcilerError):
        return SourceUnavailable(f"{what} now: {answer.message}", hint=answer.hint, where=answer.where)
    upgrade = f"`reconciler lock --upgrade {entry.address.model}` takes what is offered now"
    hint = f"nothing else is offered: {entry.unchecked}" if entry.unchecked else upgrade
    return NotFound(f"{what} any more: {blob.digest.short} is gone", hint=hint)


def _routed(entry: Desired, host: Host, sources: Sources) -> Desired:
    """Return the entry by the best route; raises ResolutionError where there is none."""
    pull = pull_of(entry.steps)
    if pull is None or entry.ref is None:
        return entry
    route = Route.INSTALL if _moved(entry) else sources(entry.source).route(entry.ref, pull)
    if route is Route.INSTALL and not host.callback:
        raise Unusable(f"{_why(entry, pull)}, and the host has no way to fetch it from us", hint=LISTEN)
    return rerouted(entry, route)


def _why(entry: Desired, pull: Pull) -> str:
    if entry.offered is not None:
        return f"{pull.name} moved upstream since it was locked"
    return f"{pull.name} can't be asked for upstream now" if entry.unchecked else f"{pull.name} needs a login"


def _unresolved(entry: Desired, error: ReconcilerError) -> Unresolved:
    return Unresolved(
        entry.address,
        entry.kind,
        told(error),
        error.hint,
        entry.location,
        entry.base,
        too_old=isinstance(error, HostTooOld),
        sources=entry.sources,
    )
