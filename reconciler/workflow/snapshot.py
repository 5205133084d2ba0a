"""Taking a snapshot: everything that a plan could ask of hosts, read once, so that plans can be made elsewhere."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from reconciler.core.digest import Digest
from reconciler.core.names import HostName
from reconciler.core.plan import Plan
from reconciler.core.snapshot import Sight, Snapshot
from reconciler.core.state import Live, Observed, RecordedState, Unobserved
from reconciler.core.steps import needed_blobs
from reconciler.errors import HostRejected, ReconcilerError
from reconciler.ports import Clock, Host
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.observe import Hosts

WIDTH = 16  # hosts at once
_SHOWING = 4  # models of one host at once: to show one is work for a core, and the host has other things to do


def take(plan: Plan, hosts: Hosts, recorded: RecordedState, clock: Clock) -> Snapshot:
    """Return what the hosts of a plan are like, every model shown and every blob of what is declared asked for.

    A host that ceased to answer since the plan was made is unobserved, as those are that did not answer it.
    """
    blobs = _declared(plan)

    def sight(name: HostName) -> Sight:
        return _sight(hosts[name], blobs.get(name, ()), clock)

    with Fleet(WIDTH) as fleet:
        answers = fleet.each(sight, (view.host for view in plan.hosts))
    seen = (_or_silent(hosts[name], answer, clock) for name, answer in answers)
    silent = (Sight(host, clock.now()) for host in plan.unobserved)
    return Snapshot(tuple(sorted((*seen, *silent), key=lambda sight: sight.host.host)), recorded)


def _declared(plan: Plan) -> dict[HostName, set[Digest]]:
    """Return, by host, the blobs of everything that is declared, whether it is there or not."""
    found: dict[HostName, set[Digest]] = {}
    for change in plan.changes:
        if change.after is not None:
            found.setdefault(change.address.host, set()).update(needed_blobs(change.after.steps))
    return found


def _sight(host: Host, blobs: Iterable[Digest], clock: Clock) -> Sight:
    at = clock.now()
    with Fleet(_SHOWING) as fleet:
        models = tuple(shown for _, shown in fleet.every(partial(_shown, host), host.models()))
    held = tuple((digest, host.has_blob(digest)) for digest in sorted(blobs))
    seen = Observed(host.name, host.url, host.version(), models)
    return Sight(seen, at, host.callback, tuple(sorted(host.loaded())), held)


def _shown(host: Host, live: Live) -> Live:
    try:
        return replace(live, facts=host.show(live.address.model))
    except HostRejected:  # it lists what it can't show
        return live


def _or_silent(host: Host, answer: Sight | ReconcilerError, clock: Clock) -> Sight:
    if isinstance(answer, ReconcilerError):
        return Sight(Unobserved(host.name, host.url, answer.message, answer.hint), clock.now())
    return answer
