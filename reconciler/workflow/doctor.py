"""The doctor: asks everything that a run depends on, changes nothing, and goes on after each failure.

A check is a function in a tuple: it asks, has `core.diagnosis` judge, and yields findings.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from reconciler.core import diagnosis
from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.core.health import Area, Finding, Grade, Space, Visit
from reconciler.core.names import HostName, ModelName
from reconciler.core.state import Live, Recorded, RecordedState, Unobserved
from reconciler.errors import ReconcilerError, RegistryError
from reconciler.ports import Clock, Host, Hub, Lease, RecordStore
from reconciler.transport import origin
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.leases import server
from reconciler.workflow.observe import Hosts

_WIDTH = 32  # hosts and hubs asked at once
_RUNS = 100  # of the latest are looked at


@dataclass(frozen=True, slots=True)
class Patient:
    """All that is looked at."""

    hosts: Hosts
    silent: Sequence[Unobserved]  # hosts that can't be asked
    hubs: Sequence[Hub]
    store: RecordStore | None  # absent where its address is none
    registry: str  # what our registry is called, without login
    whole: bool  # these are all the hosts that are declared
    places: Sequence[tuple[Path, str]]  # where we write, and for what
    clock: Clock


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was asked once, for several checks."""

    patient: Patient
    fleet: Fleet
    answers: Mapping[HostName, tuple[Visit, Sequence[Live]] | ReconcilerError]
    store: RecordStore | None  # absent where it can't be read, or not without changing it
    recorded: RecordedState  # empty where it is absent
    leases: Sequence[Lease]


Check = Callable[[Rounds], Iterator[Finding]]


def examine(patient: Patient) -> tuple[Finding, ...]:
    """Return what every check found."""
    with Fleet(_WIDTH) as fleet:
        visits = fleet.begin(partial(_visit, clock=patient.clock), patient.hosts.values())
        opened, store, recorded, leases = _opened(patient)
        answers = {host.name: answer for host, answer in visits.answers()}
        rounds = Rounds(patient, fleet, answers, store, recorded, leases)
        return (*opened, *(finding for check in CHECKS for finding in _gone_on(check, rounds)))


def failed(area: Area, about: str, error: ReconcilerError) -> Finding:
    """Return what could not be asked."""
    return Finding(area, about, Grade.ERROR, error.message, error.hint)


def _gone_on(check: Check, rounds: Rounds) -> Iterator[Finding]:
    """Yield what a check finds; where our registry fails it half-way, that and no more."""
    try:
        yield from check(rounds)
    except RegistryError as error:
        yield failed(Area.REGISTRY, rounds.patient.registry, error)


def _visit(host: Host, clock: Clock) -> tuple[Visit, tuple[Live, ...]]:
    version, theirs, ours = host.version(), host.now(), clock.now()
    ahead = (datetime.fromisoformat(theirs) - datetime.fromisoformat(ours)).total_seconds() if theirs else None
    return Visit(host.name, origin(host.url), version, ahead), host.models()


def _opened(patient: Patient) -> tuple[list[Finding], RecordStore | None, RecordedState, Sequence[Lease]]:
    """Return how our registry is, and what it holds where it can be read without bringing it forward."""
    store, nothing = patient.store, RecordedState("", 0)
    if store is None:
        return [], None, nothing, ()
    try:
        condition = store.condition()
        found = list(diagnosis.registry(condition, patient.registry))
        if condition.version != condition.newest or condition.damage:
            return found, None, nothing, ()
        return found, store, store.read(), store.leases()
    except RegistryError as error:
        return [failed(Area.REGISTRY, patient.registry, error)], None, nothing, ()


def _hosts(rounds: Rounds) -> Iterator[Finding]:
    """Reachable, let in, of a version that is known, of the same time."""
    for silent in rounds.patient.silent:
        yield Finding(Area.HOSTS, silent.host, Grade.ERROR, silent.message, silent.hint)
    for name, answer in rounds.answers.items():
        if isinstance(answer, ReconcilerError):
            yield diagnosis.unreachable(name, origin(rounds.patient.hosts[name].url), answer.message, answer.hint)
        else:
            yield from diagnosis.visited(answer[0])


def _temporary(rounds: Rounds) -> Iterator[Finding]:
    """Temporary models that nobody is working on."""
    busy = {lease.resource for lease in rounds.leases}
    for name, live in _answering(rounds):
        if server(rounds.patient.hosts[name].url) in busy:
            continue
        left = rounds.store.leftovers(name) if rounds.store is not None else ()
        there = {model.address.model for model in live}
        known: dict[ModelName, str] = {item.name: item.run for item in left}
        yield from diagnosis.temporary(name, there, known)


def _content(rounds: Rounds) -> Iterator[Finding]:
    """The blobs of what is listed as we left it: a host may have lost them, and lists the model all the same."""
    live = {model.address: model for _, models in _answering(rounds) for model in models}
    wanted = diagnosis.in_place(rounds.recorded.records, live)

    def lacking(record: Recorded) -> list[Digest]:
        host = rounds.patient.hosts[record.address.host]
        return [digest for digest in diagnosis.layers(record.facts) if not host.has_blob(digest)]

    for record, answer in rounds.fleet.each(lacking, wanted):
        if isinstance(answer, ReconcilerError):
            yield failed(Area.HOSTS, record.address.host, answer)
        else:
            yield from diagnosis.vanished(record, answer)


def _hubs(rounds: Rounds) -> Iterator[Finding]:
    """Reachable, and our token or login taken."""
    for hub, answer in rounds.fleet.each(lambda hub: hub.greet(), rounds.patient.hubs):
        if isinstance(answer, ReconcilerError):
            hint = answer.hint or "check the network, and the proxies of the environment"
            yield Finding(Area.HUBS, hub.name, Grade.ERROR, answer.message, hint)
        else:
            yield Finding(Area.HUBS, hub.name, Grade.OK, f"answers; {answer}" if answer else "answers")


def _records(rounds: Rounds) -> Iterator[Finding]:
    """Records that nothing declared looks after."""
    declared = (*rounds.patient.hosts, *(silent.host for silent in rounds.patient.silent))
    if rounds.patient.whole:
        yield from diagnosis.recorded_elsewhere(rounds.recorded.records, declared)


def _leases(rounds: Rounds) -> Iterator[Finding]:
    """Who is writing to a host right now, or was a minute ago."""
    for lease in rounds.leases:
        told = f"{lease.actor} writes to it since {lease.since} (run {lease.run}), until {lease.until} if not renewed"
        hint = "`apply` waits for it with --lease-timeout, but not for a run that is proved to be dead"
        yield Finding(Area.RUNS, lease.resource, Grade.WARNING, told, hint)


def _runs(rounds: Rounds) -> Iterator[Finding]:
    """Runs that died, and that no later run has cleared up after."""
    if rounds.store is None:
        return
    holding = {lease.run for lease in rounds.leases}
    latest = {run.id: run for run in rounds.store.runs(_RUNS)}
    dead = [latest[name] for name in diagnosis.died((run.id, run.status, run.id in holding) for run in latest.values())]
    for run in dead:
        message = f"begun {run.started_at} by {run.actor}, and died on the way"
        yield Finding(Area.RUNS, run.id, Grade.WARNING, message, "`reconciler apply` clears up and goes on")
    if not dead and latest:
        run = next(iter(latest.values()))
        yield Finding(Area.RUNS, run.id, Grade.OK, f"the latest, begun {run.started_at}: {run.status}")


def _disk(rounds: Rounds) -> Iterator[Finding]:
    """Where we write: room, and leave to."""
    for path, purpose in rounds.patient.places:
        there = next(folder for folder in (path, *path.parents) if os.access(folder, os.F_OK))
        writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        yield diagnosis.space(Space(str(path), purpose, shutil.disk_usage(there).free, writable))


def _answering(rounds: Rounds) -> Iterator[tuple[HostName, Sequence[Live]]]:
    for name, answer in rounds.answers.items():
        if not isinstance(answer, ReconcilerError):
            yield name, answer[1]


CHECKS: tuple[Check, ...] = (_hosts, _temporary, _content, _hubs, _records, _leases, _runs, _disk)
