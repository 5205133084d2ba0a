"""Routing: what a host lacks gets there by the way that still brings exactly what is locked, or plainly not at all."""

import json

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.names import ModelName
from reconciler.core.outcome import Status
from reconciler.core.steps import Create, needed_blobs
from tests.fakes.oci_server import basic
from tests.manifests import tune
from tests.workflow.upstream import Upstream, change, kinds, told

INSTALLED = ["Install", "Copy", "Delete"]
IN_SYNC = (Action.NO_OP, (Reason.IN_SYNC,))
NEW = (Action.CREATE, (Reason.NEW,))
UNRESOLVED = (Action.REFUSE, (Reason.UNRESOLVED,))


def test_a_fresh_host_gets_what_is_locked_from_us_and_is_then_in_sync(moved: Upstream) -> None:
    plan = moved.site.plan()

    made = change(plan)
    assert (made.action, made.outdated, plan.complete) == (Action.CREATE, True, True)
    assert kinds(made) == ["Upload"] * 3 + INSTALLED
    assert plan.total.transfer == sum(needed_blobs(made.steps).values()) > len("GGUF 1locked")
    result = moved.site.apply(plan)
    assert result.good
    assert result.outcomes[0].moved == plan.total.transfer
    assert moved.shown()["system"] == "locked"
    assert (told(moved.site.plan()), moved.names()) == ({"a/m": IN_SYNC}, ["m:latest"])


def test_each_host_is_looked_at_alone_and_upstream_asked_once_for_all(upstream_of_two: Upstream) -> None:
    two = upstream_of_two
    two.publish(system="locked")
    two.declare()
    two.lock()
    two.site.apply()
    two.publish(weights="2", system="new")
    two.delete(host="b")
    two.forget()

    plan = two.site.plan()

    assert told(plan) == {"a/m": IN_SYNC, "b/m": (Action.CREATE, (Reason.MISSING,))}
    assert (kinds(change(plan, host="a")), kinds(change(plan, host="b"))[-3:]) == ([], INSTALLED)
    assert [item.outdated for item in plan.changes] == [True, True]
    assert "has_blob" not in two.calls("a")
    assert two.site.apply(plan).good
    assert two.digest(host="a") == two.digest(host="b")
    for host in ("a", "b"):
        two.delete(host=host)
    two.forget()
    assert [item.action for item in two.site.plan().changes] == [Action.CREATE] * 2
    assert len(two.asked()) == len(set(two.asked())) == 4  # the tag, and each layer, though both hosts lack them


def test_a_host_that_can_not_reach_us_is_told_how_it_could(moved: Upstream) -> None:
    moved.site.callback = ""

    plan = moved.site.plan()

    why = "moved upstream since it was locked, and the host has no way to fetch it from us"
    assert (told(plan), change(plan).note) == ({"a/m": UNRESOLVED}, f"{moved.name()} {why}")
    assert "--listen" in change(plan).hint
    del moved.oci.manifests["team/m:v1"]
    assert "can't be asked for upstream now, and" in change(moved.site.plan()).note


def test_a_host_that_can_not_reach_us_pulls_for_itself_while_the_tag_means_what_is_locked(upstream: Upstream) -> None:
    upstream.publish(system="locked")
    upstream.declare()
    upstream.lock()
    upstream.site.callback = ""
    assert upstream.site.apply().good
    upstream.publish(system="new")
    assert told(upstream.site.plan()) == {"a/m": IN_SYNC}


ROUTES = {
    # what the hub is like          relay      steps
    "open": ("", True, "auto", ["Pull", "Copy", "Delete"]),
    "open, and all is brought": ("", True, "always", ["Upload"] * 2 + ["Pull", "Copy", "Delete"]),
    "closed to hosts": ("", False, "auto", ["Upload"] * 2 + ["Pull", "Copy", "Delete"]),
    "closed to hosts, and nothing is brought": ("", False, "never", ["Pull", "Copy", "Delete"]),
    "with a login": ("me:secret", True, "auto", ["Upload"] * 2 + INSTALLED),
}


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize(("login", "location", "relay", "steps"), ROUTES.values(), ids=ROUTES)
def test_the_hub_and_the_manifest_decide_who_brings_what(
    upstream: Upstream, login: str, location: bool, relay: str, steps: list[str], locked: bool
) -> None:
    upstream.publish()
    upstream.declare(relay=relay)
    upstream.oci.login, upstream.oci.location = login, location
    auth = basic(login).removeprefix("Basic ")
    upstream.site.environ["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {upstream.oci.address: {"auth": auth}}})
    if locked:
        upstream.lock()

    plan = upstream.site.plan()

    assert kinds(change(plan)) == steps
    if location or "Upload" in steps:
        assert upstream.site.apply(plan).good
        assert upstream.site.in_sync()


def test_a_login_that_the_host_has_not_needs_a_way_to_us(upstream: Upstream) -> None:
    upstream.publish()
    upstream.declare()
    upstream.oci.login = "me:secret"
    auth = basic("me:secret").removeprefix("Basic ")
    upstream.site.environ["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {upstream.oci.address: {"auth": auth}}})
    upstream.site.callback = ""
    assert "needs a login, and the host has no way" in change(upstream.site.plan()).note


def test_a_route_is_asked_for_only_where_something_is_to_be_brought(upstream: Upstream) -> None:
    upstream.publish()
    upstream.publish("n")
    upstream.declare()
    upstream.lock()
    upstream.site.apply()
    upstream.declare("n", "n")
    upstream.declare("n2", "n")
    upstream.forget()
    upstream.site.plan()
    asked = [path for path in upstream.asked() if "/blobs/" in path]
    assert len(asked) == 1
    assert asked[0].startswith("n/")


def test_a_lock_that_goes_back_installs_the_older_one_to_the_last_byte(upstream: Upstream) -> None:
    upstream.publish(system="old")
    upstream.declare()
    upstream.lock()
    older = upstream.site.locking
    upstream.site.apply()
    first = upstream.digest()
    upstream.publish(weights="2", system="new")
    upstream.lock()
    tune(upstream.site.folder, "bot", "m")
    assert told(upstream.site.plan("m")) == {"a/m": (Action.UPDATE, (Reason.LOCK_MOVED,))}
    upstream.site.apply()
    assert upstream.digest() != first

    upstream.site.locking = older
    plan = upstream.site.plan()

    assert told(plan) == {
        "a/bot": (Action.UPDATE, (Reason.BASE_CHANGED,)),
        "a/m": (Action.UPDATE, (Reason.LOCK_MOVED,)),
    }
    assert change(plan).outdated
    assert kinds(change(plan))[-3:] == INSTALLED
    assert upstream.site.apply(plan).good
    assert upstream.digest() == first
    assert upstream.site.in_sync()


@pytest.mark.parametrize("theirs", ["what is offered", "something else"])
def test_what_is_outdated_and_changed_by_somebody_goes_back_to_what_is_locked(upstream: Upstream, theirs: str) -> None:
    upstream.publish(system="locked")
    upstream.declare(upstream.name())
    upstream.lock()
    upstream.site.apply()
    first = upstream.digest(upstream.name())
    upstream.publish(weights="2", system="new")
    host, name = upstream.site.world().hosts["a"], ModelName.parse(upstream.name())
    if theirs == "what is offered":
        host.pull(upstream.pull_of(), lambda *_: None)
    else:
        host.create(Create(name, base=name, system="theirs"), lambda *_: None)

    plan = upstream.site.plan()

    made = change(plan, upstream.name())
    assert (made.action, made.reasons, made.outdated) == (Action.UPDATE, (Reason.DRIFTED,), True)
    assert {item.path for item in made.drift} >= {"system"}
    assert upstream.site.apply(plan).good
    assert upstream.digest(upstream.name()) == first
    assert upstream.site.in_sync()


def test_what_is_laid_over_stands_on_what_is_locked_whoever_has_its_name_on_the_hub(upstream: Upstream) -> None:
    upstream.publish(system="locked", template="{{ .Prompt }} locked")
    upstream.declare("chat", more="system: ours")
    upstream.lock()
    upstream.publish(weights="2", template="{{ .Prompt }} new")
    upstream.site.world().hosts["a"].pull(upstream.pull_of(), lambda *_: None)  # a stranger's, under the hub's own name
    before = upstream.digest(upstream.name())

    plan = upstream.site.plan()

    assert kinds(change(plan, "chat")) == ["Upload"] * 4 + ["Install", "Create", "Copy", "Delete", "Delete"]
    assert upstream.site.apply(plan).good
    assert (upstream.shown("chat")["template"], upstream.shown("chat")["system"]) == ("{{ .Prompt }} locked", "ours")
    assert upstream.digest(upstream.name()) == before
    assert upstream.names() == [upstream.name(), "chat:latest"]
    assert upstream.site.in_sync()


def test_without_a_lock_a_strangers_model_under_the_hubs_own_name_is_still_in_the_way(upstream: Upstream) -> None:
    upstream.publish(system="old")
    upstream.site.world().hosts["a"].pull(upstream.pull_of(), lambda *_: None)
    upstream.publish(system="new")
    upstream.declare("chat")
    refused = change(upstream.site.plan(), "chat")
    assert (refused.action, refused.reasons) == (Action.REFUSE, (Reason.UNMANAGED,))
    assert "another model has that name" in refused.note


def test_a_declared_base_and_what_is_laid_over_it_come_by_one_lock(upstream: Upstream) -> None:
    upstream.publish(system="locked")
    upstream.declare(upstream.name())
    upstream.declare("chat", more="system: ours")
    tune(upstream.site.folder, "bot", upstream.name(), "system: brief")
    upstream.lock()
    upstream.publish(weights="2", system="new")

    result = upstream.site.apply()

    assert {outcome.status for outcome in result.outcomes} == {Status.APPLIED}
    systems = {name: upstream.shown(name)["system"] for name in (upstream.name(), "chat", "bot")}
    assert systems == {upstream.name(): "locked", "chat": "ours", "bot": "brief"}
    assert len({upstream.shown(name)["weights"] for name in systems}) == 1
    assert upstream.site.in_sync()
    assert len(upstream.names()) == 3
