"""Pages that are looked at: the plans of the other reports, a large fleet, and runs to draw."""

from reconciler.core.change import Action, Reason
from reconciler.core.outcome import Outcome, Status
from reconciler.ports import Event, Lease, Run
from reconciler.report.html.page import Report
from tests.report.builders import address, change, create, desired, field, host, in_sync, plan, silent
from tests.report.cases import NOON, PLANS

REGISTRY = "sqlite:////home/ann/.local/state/reconciler/registry.db"


def runs(count=40):
    """Return runs, newest first, and what came of them: some good, some not, one going on."""
    made = [Run(f"r{n}", f"2026-10-{n % 28 + 1:02}T03:00:00.000Z", "f" * 64, "ci@runner") for n in range(count)]
    ended = [
        Run(run.id, run.started_at, run.plan, run.actor, run.started_at.replace("00:00", f"0{n % 7}:30"), _status(n))
        for n, run in enumerate(made)
    ]
    events = [Event(run.id, run.started_at, outcome) for n, run in enumerate(made) for outcome in _outcomes(n)]
    return [made[0], *ended[1:]], events


def _status(n):
    return "partial" if n % 9 == 4 else "abandoned" if n % 17 == 9 else "succeeded"


def _outcomes(n):
    good = [Outcome(address(f"m{i}"), Action.CREATE, Status.APPLIED, moved=n * 10**8) for i in range(n * 7 % 12)]
    bad = [Outcome(address("x"), Action.UPDATE, kind, message="no") for kind in list(Status)[1:] if n % 9 == 4]
    return [*good, *bad]


def report(made, *history, asked=("manifests",), leases=()):
    """Return a report of a plan."""
    return Report(made, NOON, asked, REGISTRY, *history, leases=leases)


def large(models=200, hosts=20):
    """Return a plan for many hosts: most of it in sync, one host silent, some of everything else."""
    titles = [f"gpu-{n:02}" for n in range(1, hosts)]
    changes = [
        _some(f"team-{m % 9}/model-{m:03}:7b", m, title, h) for m in range(models) for h, title in enumerate(titles)
    ]
    there = [
        host(title, in_sync=models, unmanaged=("scratch:1b",), url=f"http://{title}.example:11434") for title in titles
    ]
    return plan(*filter(None, changes), hosts=there, unobserved=(silent(f"gpu-{hosts:02}"),))


def _some(model, m, title, h):
    if m % 11 == h % 5 and m % 3 == 0:
        return None
    if m % 37 == 5:
        return create(model, title)
    if m % 41 == 7 and h == 3:
        drift = (field("parameters.temperature", 0.9, 0.2),)
        return change(model, Action.UPDATE, Reason.DRIFTED, host=title, after=desired(model, title), drift=drift)
    if m == 13 and h > 12:
        return change(model, Action.REFUSE, Reason.UNMANAGED, host=title, note="exists and is not ours", hint="--adopt")
    if m == 17:
        return change(model, Action.DELETE, Reason.NOT_DECLARED, host=title)
    return in_sync(model, title)


LEASE = Lease("http://gpu-01.example:11434", "r0", "ci@runner", NOON, "2026-11-22T12:02:00.000Z")
PAGES = {name: report(made) for name, made in PLANS.items()} | {
    "with_history": report(PLANS["everything"], *runs(), leases=(LEASE,)),
    "large": report(large(), *runs(12), asked=("manifests", "--host gpu-01")),
}
