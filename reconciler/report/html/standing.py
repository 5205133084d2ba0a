"""What a plan rests on: what it does not know, what the lock holds, and who is at work. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.plan import Plan
from reconciler.ports import Lease
from reconciler.report.html.history import time
from reconciler.report.html.tags import NOTHING, Child, Html, joined, name, tag
from reconciler.report.text import counted, without_login
from reconciler.report.view import PlanView


def trouble(plan: Plan, shown: PlanView) -> Html:
    """Return the section with what is unsafe and what could not be found out, or nothing where all is well."""
    unsafe = [tag("article", tag("h3", "Unsafe"), tag("p", name(text)), class_="refuse") for text in shown.violations]
    silent = [
        tag(
            "article",
            tag("h3", name(host.host), " does not answer"),
            tag("p", name(without_login(host.url)), class_="hosts"),
            tag("p", name(host.message), class_="detail"),
            tag("p", tag("b", "Hint "), name(host.hint), class_="hint") if host.hint else NOTHING,
            class_="refuse",
        )
        for host in plan.unobserved
    ]
    if not unsafe and not silent:
        return NOTHING
    return tag("section", tag("h2", "Unsafe or not known"), *unsafe, *silent, id="trouble")


def standing(plan: Plan, leases: Sequence[Lease]) -> Html:
    """Return the section about the lock and the leases."""
    lock = tag("h3", "Lock"), *_lock(plan)
    work = tag("h3", "Leases"), *_leases(leases)
    return tag("section", tag("h2", "Lock and leases"), *lock, *work, id="lock")


def _lock(plan: Plan) -> Iterator[Html]:
    entries = [change.after for change in plan.changes if change.after is not None]
    held = len({entry.address.model for entry in entries if entry.locked})
    yield tag("p", _held(held, plan))
    if plan.followed.references:
        title = f"{counted(len(plan.followed.references), 'reference')} followed wherever they point"
        yield _list(title, (name(text) for text in plan.followed.references))
    unchecked = {str(entry.address.model): entry.unchecked for entry in entries if entry.unchecked}
    if unchecked:
        told = (joined((name(model), ": ", name(why))) for model, why in unchecked.items())
        yield _list(f"{counted(len(unchecked), 'model')} of which upstream could not say what it offers now", told)


def _held(held: int, plan: Plan) -> str:
    if held:
        return f"{counted(held, 'model')} from what the lock holds."
    if not plan.followed.references:
        return "Nothing here needs a lock."
    return "There is no lock." if plan.followed.without_lock else "Nothing here comes from the lock."


def _leases(leases: Sequence[Lease]) -> Iterator[Html]:
    if not leases:
        yield tag("p", "No run is at work.")
        return
    yield _list(f"{counted(len(leases), 'host')} that a run is working on", map(_lease, leases))


def _lease(lease: Lease) -> Html:
    since = tag("time", f"{time(lease.since)} UTC", datetime=lease.since)
    return joined(
        (name(without_login(lease.resource)), ": run ", name(lease.run), " by ", name(lease.actor), " since ", since)
    )


def _list(title: str, items: Iterable[Child]) -> Html:
    return joined((tag("p", f"{title}:"), tag("ul", *(tag("li", item) for item in items))))
