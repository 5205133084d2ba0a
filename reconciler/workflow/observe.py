"""Observation: hosts become the live state. A silent host is Unobserved, never empty."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.core.change import Action, Change
from reconciler.core.digest import Digest
from reconciler.core.names import Address, HostName
from reconciler.core.plan import Present
from reconciler.core.state import DesiredState, Live, LiveState, Observed, RecordedState, Unobserved
from reconciler.errors import HostRejected, ReconcilerError
from reconciler.ports import Host
from reconciler.workflow.fleet import Batch, Fleet

Hosts = Mapping[HostName, Host]


def ask(hosts: Hosts, fleet: Fleet) -> Batch[Host, Observed]:
    """Begin to read every host: its version and its list of models, two requests a host."""
    return fleet.begin(lambda host: Observed(host.name, host.url, host.version(), host.models()), hosts.values())


def answered(asked: Batch[Host, Observed], silent: Iterable[Unobserved]) -> LiveState:
    """Return what the hosts reported, once all have; `silent` are those that could not even be asked."""
    found = [_or_silent(host, answer) for host, answer in asked.answers()]
    return LiveState(tuple(sorted((*found, *silent), key=lambda item: item.host)))


def suspects(desired: DesiredState, live: LiveState, recorded: RecordedState) -> tuple[Live, ...]:
    """Return the models that are worth a look, sorted: those whose digest alone does not tell what they are.

    That is what is on record and has another digest now, and what is declared and not on record, or only as it was
    found, together with what it is built on.
    """
    models, told = live.models, {entry.address: set(entry.foretold) for entry in desired.entries}
    known = {item.address for item in recorded.records if not item.as_found or item.address not in told}
    for record in recorded.records:
        told.setdefault(record.address, set()).update((record.digest,) if record.address in known else ())
    doubtful = {
        address for address, digests in told.items() if address in models and models[address].digest not in digests
    }
    strange = doubtful - known
    bases = {entry.base for entry in desired.entries if entry.address in strange and entry.base is not None}
    return tuple(models[address] for address in sorted(doubtful | (bases & models.keys())))


def look(hosts: Hosts, live: LiveState, wanted: Iterable[Live], fleet: Fleet) -> LiveState:
    """Return the live state with facts for the wanted models; one that its host cannot show keeps none."""
    answers = fleet.each(lambda model: hosts[model.address.host].show(model.address.model), wanted)
    shown: dict[Address, Live] = {}
    for model, answer in answers:
        if isinstance(answer, ReconcilerError) and not isinstance(answer, HostRejected):
            raise answer
        shown[model.address] = model if isinstance(answer, ReconcilerError) else replace(model, facts=answer)
    return LiveState(tuple(_with_facts(host, shown) for host in live.hosts))


def loaded(hosts: Hosts, changes: Iterable[Change], fleet: Fleet) -> frozenset[Address]:
    """Return which models are in memory, on the hosts where one is to be deleted."""
    doomed = {change.address.host for change in changes if change.action is Action.DELETE}
    answers = fleet.each(lambda name: hosts[name].loaded(), sorted(doomed))
    found: set[Address] = set()
    for name, models in answers:
        if isinstance(models, ReconcilerError):
            raise models
        found |= {Address(name, model) for model in models}
    return frozenset(found)


def present(hosts: Hosts, asked: Present, fleet: Fleet) -> tuple[Present, Present]:
    """Return which of the blobs asked for each host holds already, and of which it could not be told."""
    questions = ((name, digest) for name, digests in asked.items() for digest in sorted(digests))
    answers = fleet.each(lambda question: hosts[question[0]].has_blob(question[1]), questions)
    held = [question for question, answer in answers if answer is True]
    unknown = [question for question, answer in answers if isinstance(answer, ReconcilerError)]
    return _by_host(held), _by_host(unknown)


def _by_host(found: Iterable[tuple[HostName, Digest]]) -> Present:
    blobs: dict[HostName, set[Digest]] = {}
    for name, digest in found:
        blobs.setdefault(name, set()).add(digest)
    return {name: frozenset(digests) for name, digests in blobs.items()}


def _or_silent(host: Host, answer: Observed | ReconcilerError) -> Observed | Unobserved:
    if isinstance(answer, ReconcilerError):
        return Unobserved(host.name, host.url, answer.message, answer.hint)
    return answer


def _with_facts(host: Observed | Unobserved, shown: Mapping[Address, Live]) -> Observed | Unobserved:
    if isinstance(host, Unobserved):
        return host
    models: Sequence[Live] = [shown.get(model.address, model) for model in host.models]
    return replace(host, models=tuple(models))
