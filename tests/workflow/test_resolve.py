"""Resolution with a lock: what is locked holds, what moved upstream is told, and who is asked for it."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.decide import Policy, Prune
from reconciler.core.diagnostics import Location
from reconciler.core.facts import facts
from reconciler.core.lock import Followed, Lock
from reconciler.core.names import ModelName
from reconciler.core.resolution import Unpinned
from reconciler.core.resource import Kind, Resource, SourceRef
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.resolve import Locking, resolve
from tests.manifests import model, tune
from tests.parts.gguf import tiny_adapter
from tests.workflow.upstream import Upstream, change, kinds, told

IN_SYNC = (Action.NO_OP, (Reason.IN_SYNC,))


def test_what_is_locked_and_unmoved_is_pulled_by_the_host_itself_and_then_in_sync(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    upstream.lock()

    plan = upstream.site.plan()

    made = change(plan)
    assert (made.action, kinds(made)) == (Action.CREATE, ["Pull", "Copy", "Delete"])
    assert made.after is not None
    assert (made.after.locked, made.outdated, made.after.unchecked) == (True, False, "")
    assert upstream.site.apply(plan).good
    assert told(upstream.site.plan()) == {"a/m": IN_SYNC}
    assert plan.followed == Followed((), without_lock=False)


def test_what_moved_upstream_is_outdated_and_stays(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    upstream.lock()
    upstream.site.apply()
    there, moved = upstream.digest(), upstream.publish(system="new")

    plan = upstream.site.plan()

    assert told(plan) == {"a/m": IN_SYNC}
    assert (plan.outdated, plan.pending, plan.complete) == (plan.changes, (), True)
    after = change(plan).after
    assert after is not None
    assert after.offered is not None
    assert after.offered.identity == (str(moved),)
    upstream.site.apply()
    assert upstream.digest() == there


def test_without_a_lock_tags_are_followed_and_the_plan_says_which(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    upstream.declare("again")
    upstream.commit()
    upstream.declare_file("file")
    model(upstream.site.folder, "local")
    open_ended = (upstream.name(), "org/m@main Q4_0")

    assert upstream.site.plan().followed == Followed(open_ended, without_lock=True)
    assert upstream.site.plan("file").followed == Followed(open_ended[1:], without_lock=True)
    upstream.site.locking = Locking(Lock(exists=True))
    assert upstream.site.plan().followed == Followed(open_ended, without_lock=False)
    entries = upstream.lock().entries
    assert upstream.site.plan().followed == Followed((), without_lock=False)
    hub_only = tuple(entry for entry in entries if entry.type == "ollama")
    upstream.site.locking = Locking(Lock(hub_only, exists=True))
    assert upstream.site.plan().followed == Followed(open_ended[1:], without_lock=False)


def test_a_plan_that_finds_nothing_asks_each_host_twice_and_upstream_once_for_each_reference(
    upstream: Upstream,
) -> None:
    upstream.publish()
    upstream.publish("n")
    upstream.commit()
    upstream.declare()
    upstream.declare("again")
    upstream.declare("laid", "n", "system: ours")
    upstream.declare_file("file")
    tune(upstream.site.folder, "bot", "m")
    upstream.lock()
    assert upstream.site.apply().good
    for moved in (False, True):
        if moved:
            upstream.publish(system="new")
            upstream.publish("n", weights="2")
            upstream.commit(content="GGUF 2")
            upstream.site.plan()  # what a new commit holds is asked for once
        upstream.forget()

        plan = upstream.site.plan()

        assert not plan.pending
        assert len(plan.outdated) == (4 if moved else 0)
        assert sorted(upstream.calls()) == ["tags", "version"]
        assert sorted(upstream.asked()) == ["m/manifests/v1", "n/manifests/v1", "org/m/revision/main"]


def test_a_selection_asks_only_for_what_it_needs(upstream: Upstream) -> None:
    for name in ("m", "n"):
        upstream.publish(name)
        upstream.declare(name, name)
    tune(upstream.site.folder, "bot", "m")
    upstream.lock()
    upstream.site.apply()
    upstream.publish(system="new")
    upstream.publish("n", system="new")
    upstream.forget()

    plan = upstream.site.plan("bot")

    assert upstream.asked() == ["m/manifests/v1"]
    assert [str(item.address.model) for item in plan.outdated] == ["m:latest"]


SILENCES = {
    "it is down": {"times": 99, "status": 503, "headers": {"Retry-After": "0"}},
    "the tag is gone": {"times": 99, "status": 404},
    "it wants a login": {"times": 99, "status": 401},
    "it says something else": {"times": 99, "status": 200, "body": b"<html>"},
}


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_what_is_locked_needs_no_word_from_upstream(upstream: Upstream, silence: dict[str, object]) -> None:
    upstream.publish()
    upstream.declare()
    upstream.lock()
    upstream.site.apply()
    upstream.fail(path="/manifests/", **silence)

    plan = upstream.site.plan()

    after = change(plan).after
    assert (told(plan), plan.complete, plan.outdated) == ({"a/m": IN_SYNC}, True, ())
    assert after is not None
    assert after.unchecked
    assert "object at 0x" not in after.unchecked


def test_what_has_to_be_locked_and_is_not_is_refused_and_not_even_asked_for(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    entries = upstream.lock().entries
    upstream.declare("other", "n")
    upstream.site.locking = Locking(Lock(entries, exists=True), required=True)
    tune(upstream.site.folder, "bot", "other")
    upstream.forget()

    plan = upstream.site.plan()

    refused = (Action.REFUSE, (Reason.NOT_LOCKED,))
    assert told(plan) == {"a/m": (Action.CREATE, (Reason.NEW,)), "a/other": refused, "a/bot": refused}
    assert plan.complete
    assert change(plan, "other").note == f"ollama {upstream.name('n')} is not in the lock"
    assert change(plan, "other").hint == "`reconciler lock` adds it"
    assert "m/manifests/v1" in upstream.asked()
    assert "n/manifests/v1" not in upstream.asked()
    upstream.site.locking = Locking(required=True)
    assert "there is no lock" in change(upstream.site.plan()).note


def test_a_selection_is_refused_only_for_what_is_selected(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    entries = upstream.lock().entries
    upstream.declare("other", "n")
    upstream.site.locking = Locking(Lock(entries, exists=True), required=True)
    assert told(upstream.site.plan("m")) == {"a/m": (Action.CREATE, (Reason.NEW,))}


def test_an_entry_that_can_not_be_used_says_where_it_stands_and_takes_its_builds_along(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    tune(upstream.site.folder, "bot", "m")
    (entry,) = upstream.lock().entries
    broken = replace(entry, pin=facts({**dict(entry.pin), "size": 1}), location=Location("reconciler.lock", 7, 5))
    upstream.site.locking = Locking(Lock((broken,), exists=True))

    plan = upstream.site.plan()

    assert told(plan) == dict.fromkeys(("a/bot", "a/m"), (Action.REFUSE, (Reason.UNRESOLVED,)))
    assert change(plan).note.startswith("reconciler.lock:7:5: what is locked for ")
    assert change(plan).hint
    assert not plan.complete


@pytest.mark.parametrize("prune", Prune)
def test_what_is_ours_and_can_not_be_resolved_is_never_pruned(upstream: Upstream, prune: Prune) -> None:
    upstream.publish()
    upstream.declare()
    tune(upstream.site.folder, "bot", "m")
    upstream.lock()
    upstream.site.apply()
    before = upstream.names()
    upstream.site.locking = Locking(Lock(exists=True), required=True)

    plan = upstream.site.plan(policy=Policy(prune))

    assert not plan.pending
    upstream.site.apply(plan)
    assert upstream.names() == before


def test_a_name_that_is_none_is_told_and_hides_nothing_else(upstream: Upstream) -> None:
    upstream.publish()
    refs = [SourceRef("ollama", options, Location("m.yaml")) for options in ((("name", "a@b"),), (("name", "c d"),))]
    items = [Resource(Kind.MODEL, ModelName.parse("m"), Location("m.yaml"), sources=(ref,)) for ref in refs]
    for locking in (Locking(), Locking(required=True)):
        with Fleet(2) as fleet:
            pins = resolve(items, locking, upstream.site.world().sources, fleet)
        assert [type(pins[ref]) for ref in refs] == [Unpinned, Unpinned]
        assert "is not a model's name" in str(pins[refs[0]])


def test_a_commit_that_left_the_file_alone_makes_nothing_outdated(upstream: Upstream) -> None:
    upstream.commit()
    upstream.declare_file()
    upstream.lock()
    upstream.site.apply()
    upstream.commit(README_md="#")

    plan = upstream.site.plan()

    assert (told(plan), plan.outdated) == ({"a/m": IN_SYNC}, ())


def test_a_file_whose_commit_was_squashed_away_comes_from_the_commit_that_has_it_now(upstream: Upstream) -> None:
    first = upstream.commit()
    upstream.declare_file()
    upstream.lock()
    upstream.commit(README_md="#")
    del upstream.hf.state.repos["org/m"].commits[first]

    plan = upstream.site.plan()

    after = change(plan).after
    assert after is not None
    assert dict(after.provenance)["commit"] == first
    assert upstream.site.apply(plan).good
    assert told(upstream.site.plan()) == {"a/m": IN_SYNC}


def test_an_adapter_is_locked_like_a_model(upstream: Upstream) -> None:
    model(upstream.site.folder, "m")
    file = upstream.site.folder / "lora.gguf"
    digest = tiny_adapter(file)
    tune(upstream.site.folder, "bot", "m", "adapter: {gguf: ./lora.gguf}")
    upstream.lock()
    upstream.site.apply()
    file.write_bytes(file.read_bytes() + b"more")

    plan = upstream.site.plan()

    after = change(plan, "bot").after
    assert (told(plan), [str(item.address.model) for item in plan.outdated]) == (
        {"a/bot": IN_SYNC, "a/m": IN_SYNC},
        ["bot:latest"],
    )
    assert after is not None
    assert after.offered is not None
    assert after.offered.identity != (str(digest),)
    assert dict(after.content)["adapters"] == (str(digest),)
