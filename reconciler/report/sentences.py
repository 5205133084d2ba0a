"""The words of the reports: reasons, sources and the closing sentences of a plan. Pure."""

from collections import Counter
from collections.abc import Sequence

from reconciler.core.chain import EARLIER, Tried
from reconciler.core.change import WRITES, Action, Change, Reason
from reconciler.core.facts import Facts
from reconciler.core.parts import merging
from reconciler.core.plan import Plan
from reconciler.core.state import Desired, Recorded
from reconciler.report.text import counted, human_age, human_bytes, safe, signed_bytes, without_login

REASONS = {
    Reason.NEW: "new",
    Reason.MISSING: "somebody else deleted it",
    Reason.GONE: "gone from the host and no longer declared",
    Reason.NOT_DECLARED: "owned, no longer declared",
    Reason.DRIFTED: "changed by somebody else",
    Reason.ALREADY_PRESENT: "already there as declared",
    Reason.UNMANAGED: "exists and is not ours",
    Reason.IN_SYNC: "in sync",
    Reason.SPEC_CHANGED: "manifest changed",
    Reason.UPSTREAM_MOVED: "upstream moved",
    Reason.LOCK_MOVED: "lock moved",
    Reason.SOURCE_CHANGED: "taken from another of its sources",
    Reason.BASE_CHANGED: "base changed",
    Reason.UNRESOLVED: "its source could not be resolved",
    Reason.BASE_REFUSED: "its base is refused",
    Reason.NOT_LOCKED: "not in the lock",
    Reason.HOST_TOO_OLD: "its host is too old",
    Reason.UNTESTED: "its test has not passed",
}

_DOES = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
    Action.ADOPT: "adopt",
    Action.FORGET: "forget",
    Action.TEST: "test",
}
_NAMED = 5  # models that one sentence names
_SHOWN = 60  # letters of a prompt that one line repeats


def why(change: Change) -> str:
    """Return the reasons of a change as one phrase."""
    reasons = ", ".join(REASONS[item] for item in change.reasons)
    behind = change.action is Action.ADOPT and Reason.ALREADY_PRESENT not in change.reasons
    return f"{reasons}, and {REASONS[Reason.ALREADY_PRESENT]}" if behind else reasons


def source_text(entry: Desired | Recorded) -> str:
    """Return where content comes from and what it is pinned to, as `huggingface org/repo@main Q4_K_M (3f1c9a2)`."""
    if entry.source == "build":
        return entry.reference
    locked = "locked" if isinstance(entry, Desired) and entry.locked else ""
    pin = ", ".join(filter(None, (pin_text(entry.provenance), locked)))
    return f"{entry.source} {entry.reference} ({pin})" if pin else f"{entry.source} {entry.reference}"


def chain_lines(sources: Sequence[Tried]) -> tuple[str, ...]:
    """Return which source is taken, a line, and why those before it are not, a line each; nothing where none is."""
    place = next((place for place, item in enumerate(sources, 1) if item.taken), 0)
    if not place:
        return ()
    taken = f"source {place} of {len(sources)}: {sources[place - 1].reference}"
    return taken, *(f"not {item.reference}: {item.reason}" for item in sources[: place - 1])


def test_text(change: Change) -> str:
    """Return what a model will be asked once it is made, and when; empty where nothing is asked."""
    test = change.after.test if change.after is not None else None
    if test is None or change.action not in {Action.CREATE, Action.UPDATE, Action.TEST}:
        return ""
    before = ", before it gets its name" if test.rollback and change.action is not Action.TEST else ""
    if test.dimensions is not None:
        return f"test: an embedding has {test.dimensions} dimensions{before}"
    return f"test: the answer to {_beginning(test.prompt)} holds {_beginning(test.expect)}{before}"


def merging_text(change: Change) -> str:
    """Return how the parts of a split model become one file; empty where there are none."""
    found = merging(change.steps)
    if found is None:
        return ""
    if found.here:
        return f"merged from {found.parts} files, on this machine, before it is sent"
    return f"sent as {found.parts} files, which the host merges"


def _beginning(text: str) -> str:
    """Return a text in quotes, as Python writes it; only its first letters where it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")


def pin_text(provenance: Facts) -> str:
    """Return the start of the commit or digest that a reference was pinned to; empty where there is none."""
    known = dict(provenance)
    for key, length in (("commit", 7), ("manifest", 12), ("sha256", 12)):
        if value := known.get(key):
            return str(value).removeprefix("sha256:")[:length]
    return ""


def plan_sentences(plan: Plan, registry: str = "") -> tuple[str, ...]:
    """Return what a plan comes to: the counts, the costs, and loudly what it does not know.

    `registry` is what our registry is called, to say that it is not there yet where that is why something is refused.
    """
    told = (summary(plan), *notes(plan, registry), as_of_text(plan), unsafe(plan), incomplete(plan))
    return tuple(filter(None, told))


def notes(plan: Plan, registry: str = "") -> tuple[str, ...]:
    """Return what is worth knowing about a plan beside what it does."""
    about_lock = (_outdated(plan), _earlier(plan), _followed(plan), _unchecked(plan))
    return tuple(filter(None, (_kept(plan), *about_lock, _unowned(plan, registry))))


def as_of_text(plan: Plan) -> str:
    """Return what has to be said of the snapshot that a plan was made from; empty where the hosts were asked."""
    if plan.as_of is None:
        return ""
    age, taken_at = human_age(plan.as_of.age), safe(plan.as_of.taken_at)
    records = "" if plan.as_of.own_records else " Its records were left aside for those of the registry that was named."
    return f"From a snapshot taken {age} ago ({taken_at}): what changed on the hosts since is not known.{records}"


def only_records(plan: Plan) -> bool:
    """Tell whether all that a plan would do is to put on record what is as it should be."""
    return bool(plan.pending) and not plan.refused and all(item.action is Action.ADOPT for item in plan.pending)


def summary(plan: Plan) -> str:
    """Return the counts and the costs of a plan as one sentence; nothing in it comes from outside."""
    if only_records(plan):
        return f"{_nothing(plan)} Apply will put {len(plan.pending)} of them on record."
    counts = [(sum(change.action is action for change in plan.changes), word) for action, word in _DOES.items()]
    parts = [f"{count} to {word}" for count, word in counts if count]
    if plan.refused:
        parts = [*(parts or ["nothing to do"]), f"{len(plan.refused)} refused"]
    if not parts:
        return _nothing(plan)
    total = plan.total
    writes = any(change.action in WRITES for change in plan.changes)
    begin, most = ("At most ", "at most ") if total.at_most else ("", "")
    cost = f" {begin}{human_bytes(total.transfer)} to move, disk {most}{signed_bytes(total.disk)}." if writes else ""
    return f"Plan: {', '.join(parts)}.{cost}"


def _nothing(plan: Plan) -> str:
    if not plan.hosts and plan.unobserved:
        return "Nothing is known: no host could be observed."
    models = counted(sum(host.in_sync for host in plan.hosts) + len(plan.pending), "model")
    return f"No changes. {models} in sync on {counted(len(plan.hosts), 'host')}."


def _kept(plan: Plan) -> str:
    kept = [change for change in plan.changes if _is_kept(change)]
    if not kept:
        return ""
    return f"No longer declared, and kept: {_some([str(change.address) for change in kept])}."


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(safe(name) for name in names[:_NAMED]) + more


def _is_kept(change: Change) -> bool:
    return change.action is Action.NO_OP and change.after is None


def _outdated(plan: Plan) -> str:
    names = list(dict.fromkeys(str(change.address.model) for change in plan.outdated))
    if not names:
        return ""
    return f"{counted(len(names), 'model')} outdated: {_some(names)}; `reconciler lock --upgrade` moves {_them(names)}."


def _earlier(plan: Plan) -> str:
    """Tell of models that are locked to a source though one before it can be had by now."""
    reasons = {str(item.address.model): [tried.reason for tried in item.sources] for item in plan.changes}
    names = [name for name, found in reasons.items() if EARLIER in found]
    if not names:
        return ""
    could = f"{counted(len(names), 'model')} could come from an earlier source than what is locked"
    return f"{could}: {_some(names)}; `reconciler lock --upgrade` moves {_them(names)}."


def _followed(plan: Plan) -> str:
    """Tell of references that may mean something else tomorrow."""
    names = plan.followed.references
    if not names:
        return ""
    if not plan.followed.without_lock:
        return f"Not in the lock, and followed: {_some(names)}."
    follow = "is followed wherever it points" if len(names) == 1 else "are followed wherever they point"
    return f"No lock: {counted(len(names), 'reference')} {follow} (`reconciler lock` pins {_them(names)})."


def _unchecked(plan: Plan) -> str:
    entries = [change.after for change in plan.changes if change.after is not None and change.after.unchecked]
    why = {str(entry.address.model): entry.unchecked for entry in entries}
    if not why:
        return ""
    models = "1 model is" if len(why) == 1 else f"{len(why)} models are"
    return f"Upstream could not say whether {models} outdated: {_some([f'{name} ({why[name]})' for name in why])}."


def _them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _unowned(plan: Plan, registry: str) -> str:
    """Tell of a registry that is new, which may as well be the wrong one; a plan without lineage was made with none."""
    refused = any(Reason.UNMANAGED in change.reasons for change in plan.refused)
    if plan.lineage or not refused or not registry or (plan.as_of is not None and plan.as_of.own_records):
        return ""
    return f"The registry {safe(without_login(registry))} does not exist yet, so nothing on these hosts is ours."


def unsafe(plan: Plan) -> str:
    """Return that a plan will not be applied; empty where it may be."""
    return "This plan is unsafe: nothing of it will be applied." if plan.violations else ""


def incomplete(plan: Plan) -> str:
    """Return what a plan does not know; empty where it knows all."""
    hosts = _some([host.host for host in plan.unobserved])
    counts = Counter(reason for change in plan.changes for reason in change.reasons)
    unresolved, too_new = counts[Reason.UNRESOLVED], counts[Reason.HOST_TOO_OLD]
    unknown = (
        f"nothing is known about {counted(len(plan.unobserved), 'host')} ({hosts})" if hosts else "",
        f"{counted(unresolved, 'model')} could not be resolved" if unresolved else "",
        f"{counted(too_new, 'model')} can't be made by hosts this old" if too_new else "",
    )
    told = "; ".join(filter(None, unknown))
    return f"This plan is incomplete: {told}." if told else ""
