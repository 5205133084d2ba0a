"""Hosts as we left them: what a plan would say if nobody had touched them since. No host is asked."""

from reconciler.core.diff import diff
from reconciler.core.expand import expand
from reconciler.core.names import Address
from reconciler.core.plan import Plan, make_plan
from reconciler.core.resource import HostSpec, Manifests
from reconciler.core.state import Live, LiveState, Observed, RecordedState
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.news import with_news
from reconciler.workflow.propose import WIDTH
from reconciler.workflow.resolve import Locking, resolve
from reconciler.workflow.selection import Selection


def as_left(
    manifests: Manifests, selection: Selection, locking: Locking, recorded: RecordedState, sources: Sources
) -> Plan:
    """Return the plan, with what upstream changed, for hosts that are as they are on record; raises DependencyCycle."""
    chosen = selection.with_bases(manifests.resources)
    asked, kept = chosen.of_manifests(manifests), chosen.of_records(recorded)
    live = LiveState(tuple(_left(spec, kept) for spec in sorted(asked.hosts, key=lambda spec: spec.name)))
    with Fleet(WIDTH) as fleet:
        pins = resolve(asked.resources, locking, sources, fleet)
    desired = expand(asked.resources, asked.hosts, pins, live)
    plan = make_plan(diff(desired, live, kept), live, kept, {})
    return with_news(plan, kept, sources)


def _left(spec: HostSpec, recorded: RecordedState) -> Observed:
    """Return a host with what is on record for it, and what that was built on."""
    here = [record for record in recorded.records if record.address.host == spec.name]
    bases = (
        Live(Address(spec.name, record.base), record.base_digest, 0)
        for record in here
        if record.base is not None and record.base_digest is not None
    )
    own = (Live(record.address, record.digest, record.size, record.facts) for record in here)
    models = {model.address: model for model in (*bases, *own)}
    return Observed(spec.name, spec.url, "", tuple(models[address] for address in sorted(models)))
