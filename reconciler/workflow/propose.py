"""Proposing: everything that must be asked is asked, the core decides, and a plan comes out. Nothing is written."""

from dataclasses import field, replace

from reconciler.core.decide import Policy
from reconciler.core.diff import diff, to_bring
from reconciler.core.disk import budgets
from reconciler.core.expand import expand
from reconciler.core.frozen import dataclass
from reconciler.core.parts import remembered
from reconciler.core.plan import Plan, blobs_in_question, bounded, make_plan
from reconciler.core.resource import Manifests
from reconciler.core.safety import Limits, spare_loaded
from reconciler.core.state import LiveState, RecordedState, Unobserved
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.observe import Hosts, answered, ask, loaded, look, present, suspects
from reconciler.workflow.resolve import Locking, resolve, with_pulled
from reconciler.workflow.routing import routed
from reconciler.workflow.selection import Selection

WIDTH = 32  # requests under way at once; one after another took 13 times as long with 50 references


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside that a plan is made from."""

    hosts: Hosts
    silent: tuple[Unobserved, ...]  # declared hosts that can't even be asked, e.g. for want of a token
    sources: Sources
    recorded: RecordedState
    locking: Locking = field(default_factory=Locking)


def propose(
    manifests: Manifests, world: World, selection: Selection, policy: Policy, limits: Limits = Limits()
) -> Plan:
    """Return what apply would do, reading hosts and hubs at the same time; raises HostError and DependencyCycle."""
    chosen = selection.with_bases(manifests.resources)
    asked = chosen.of_manifests(manifests)
    recorded = chosen.of_records(world.recorded)
    hosts = {name: host for name, host in world.hosts.items() if chosen.has_host(name)}
    with Fleet(WIDTH) as fleet:
        reading = ask(hosts, fleet)
        pins = resolve(asked.resources, world.locking, world.sources, fleet)
        state = answered(reading, (host for host in world.silent if chosen.has_host(host.host)))
        limits = replace(limits, storage=budgets(asked.hosts, state, world.recorded))
        live = LiveState(tuple(chosen.of_host(host) for host in state.hosts))
        desired = expand(asked.resources, asked.hosts, pins, live)
        desired = remembered(desired, world.recorded)
        desired = with_pulled(desired, live, recorded, world.sources, fleet)
        live = look(hosts, live, suspects(desired, live, recorded), fleet)
        away = to_bring(desired, live, recorded, policy)
        desired = routed(desired, away, live, hosts, world.sources, fleet)
        changes = diff(desired, live, recorded, policy)
        changes = spare_loaded(changes, loaded(hosts, changes, fleet))
        held, unknown = present(hosts, blobs_in_question(changes), fleet)
        plan = make_plan(changes, live, recorded, held, limits, world.locking.followed(asked.resources, pins))
        return bounded(plan, unknown)
