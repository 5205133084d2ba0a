"""What is locked and was lost upstream is had from where it still is, or it is said plainly that it can't be had."""

from pathlib import Path

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.decide import Policy, Prune
from reconciler.core.names import ModelName
from reconciler.core.outcome import Status
from reconciler.core.steps import Create
from reconciler.registry.store import open_store
from tests.manifests import model, tune
from tests.parts.gguf import tiny_adapter
from tests.workflow.upstream import Upstream, change, told

INSTALLED = ["Install", "Copy", "Delete"]
IN_SYNC = (Action.NO_OP, (Reason.IN_SYNC,))
NEW = (Action.CREATE, (Reason.NEW,))
UNRESOLVED = (Action.REFUSE, (Reason.UNRESOLVED,))


def test_a_host_that_lost_only_the_name_needs_nobody_upstream(upstream: Upstream) -> None:
    upstream.publish(system="locked")
    upstream.declare()
    upstream.lock()
    upstream.site.apply()
    upstream.site.world().hosts["a"].copy(ModelName.parse("m"), ModelName.parse("kept"))
    upstream.delete()
    upstream.fail(times=999, status=404)
    upstream.forget()

    plan = upstream.site.plan()

    assert set(upstream.asked()) == {"m/manifests/v1", "m/tags/list", "/v2/_catalog?n=1000"}
    made = change(plan)
    assert made.after is not None
    assert (made.action, made.after.unchecked != "", plan.complete) == (Action.CREATE, True, True)
    assert plan.total.transfer == 0
    assert upstream.site.apply(plan).good
    assert upstream.shown()["system"] == "locked"


def test_a_tag_that_is_gone_is_no_loss_while_its_layers_are_there(moved: Upstream) -> None:
    del moved.oci.manifests["team/m:v1"]
    plan = moved.site.plan()
    after = change(plan).after
    assert after is not None
    assert (after.offered, "is not on" in after.unchecked) == (None, True)
    assert moved.site.apply(plan).good
    assert moved.shown()["system"] == "locked"


def test_what_is_locked_and_gone_is_said_and_nothing_else_is_put_in_its_stead(moved: Upstream) -> None:
    tune(moved.site.folder, "bot", "m")
    moved.lose("locked")

    plan = moved.site.plan()

    assert told(plan) == {"a/bot": (Action.REFUSE, (Reason.BASE_REFUSED,)), "a/m": UNRESOLVED}
    refused = change(plan)
    assert refused.note.startswith(f"what is locked for {moved.name()} can't be had any more: ")
    assert refused.note.endswith(" is gone")
    assert refused.hint == "`reconciler lock --upgrade m:latest` takes what is offered now"
    assert refused.location is not None
    assert not plan.complete
    assert {outcome.status for outcome in moved.site.apply(plan).outcomes} == {Status.REFUSED}
    assert moved.names() == []
    moved.lock()
    assert moved.site.apply().good
    assert moved.shown()["system"] == "new"


def test_what_is_gone_and_of_which_nothing_else_is_offered_gives_no_false_hope(moved: Upstream) -> None:
    del moved.oci.manifests["team/m:v1"]
    moved.lose("locked")
    assert change(moved.site.plan()).hint.startswith("nothing else is offered: ")
    assert "is not on" in change(moved.site.plan()).hint


def test_a_hub_that_is_silent_is_not_a_hub_that_has_lost_it(moved: Upstream) -> None:
    moved.fail(path="/blobs/", times=99, status=503, headers={"Retry-After": "0"})

    plan = moved.site.plan()

    assert told(plan) == {"a/m": UNRESOLVED}
    assert "can't be had now" in change(plan).note
    assert "503" in change(plan).note
    moved.heal()
    assert moved.site.apply().good


def test_a_model_in_place_needs_nothing_from_a_hub_that_has_lost_it(upstream: Upstream) -> None:
    upstream.publish(system="locked")
    upstream.declare()
    tune(upstream.site.folder, "bot", "m")
    upstream.lock()
    upstream.site.apply()
    upstream.publish(weights="2")
    for content in ("GGUF 1", "locked"):
        upstream.lose(content)

    assert told(upstream.site.plan()) == {"a/bot": IN_SYNC, "a/m": IN_SYNC}


@pytest.mark.parametrize("prune", Prune)
def test_what_is_lost_is_never_pruned_nor_is_what_stands_on_it(upstream: Upstream, prune: Prune) -> None:
    upstream.publish(system="locked")
    upstream.declare()
    tune(upstream.site.folder, "bot", "m")
    upstream.lock()
    upstream.site.apply()
    host = upstream.site.world().hosts["a"]
    name = ModelName.parse("m")
    host.create(Create(name, base=name, system="theirs"), lambda *_: None)  # the locked prompt is gone from the host
    upstream.publish(weights="2")
    upstream.lose("locked")

    plan = upstream.site.plan(policy=Policy(prune))

    assert told(plan)["a/m"] == UNRESOLVED
    assert not plan.writes
    assert upstream.names() == ["bot:latest", "m:latest"]


def test_a_strange_model_that_is_exactly_what_is_locked_is_adopted_though_upstream_lost_it(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.publish(system="locked")
    upstream.declare("chat", more="system: ours")
    upstream.lock()
    upstream.site.apply()
    upstream.publish(weights="2", system="new")
    upstream.site.store = open_store(f"sqlite://{tmp_path}/another.db", lineage=lambda: "other")
    upstream.lose("GGUF 1")

    assert told(upstream.site.plan()) == {"a/chat": (Action.ADOPT, (Reason.ALREADY_PRESENT,))}


def test_a_file_that_moved_upstream_is_brought_from_its_commit_or_not_at_all(upstream: Upstream) -> None:
    first = upstream.commit()
    upstream.declare_file()
    upstream.lock()
    upstream.commit(content="GGUF 2")

    plan = upstream.site.plan()
    assert (told(plan), change(plan).outdated) == ({"a/m": NEW}, True)
    upstream.site.callback = ""  # which only hub models need
    assert upstream.site.apply().good
    assert told(upstream.site.plan()) == {"a/m": IN_SYNC}
    upstream.delete()
    del upstream.hf.state.repos["org/m"].commits[first]
    plan = upstream.site.plan()
    assert told(plan) == {"a/m": UNRESOLVED}
    assert change(plan).hint == "`reconciler lock --upgrade m:latest` takes what is offered now"


def test_a_base_that_is_no_longer_declared_is_kept_for_a_build_whose_adapter_is_lost(upstream: Upstream) -> None:
    model(upstream.site.folder, "m")
    lora = upstream.site.folder / "lora.gguf"
    tiny_adapter(lora)
    tune(upstream.site.folder, "bot", "m", "adapter: {gguf: ./lora.gguf}")
    tune(upstream.site.folder, "other", "m")
    upstream.lock()
    assert upstream.site.apply().good
    for name in ("m", "other"):
        (upstream.site.folder / f"{name}.yaml").unlink()
    upstream.delete("bot")
    lora.write_bytes(lora.read_bytes() + b"more")

    plan = upstream.site.plan(policy=Policy(Prune.OWNED))

    assert {name: action for name, (action, _) in told(plan).items()} == {
        "a/bot": Action.REFUSE,
        "a/m": Action.NO_OP,
        "a/other": Action.DELETE,
    }
    assert change(plan, "bot").note.startswith("what is locked for bot:latest can't be had any more: ")
