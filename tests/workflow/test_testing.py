"""Tests of models: asked once they are made, or before they get their name; what does not pass is never hidden."""

from dataclasses import dataclass, field, replace
from threading import Event

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.diff import diff
from reconciler.core.names import ModelName
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.plan import make_plan
from reconciler.core.resource import ModelTest
from reconciler.core.state import DesiredState
from reconciler.core.steps import STAGING_NAMESPACE
from reconciler.workflow.ownership import adoption
from tests.core.builders import content, desired, live, live_state, recorded, recorded_state
from tests.manifests import model, tune
from tests.workflow.conftest import Ear, Site

ASKS = "test: {prompt: '2+2=', expect: '4'}"
WORDS = "test: {prompt: hello, expect: new}"  # a fake model repeats its system prompt, and what it is asked
GUARDED = "test: {prompt: hello, expect: new, rollback: true}"


@dataclass
class Impatient(Ear):
    """A listener that ends the run as soon as a change was made and is on record."""

    stop: Event = field(default_factory=Event)

    def bind(self, **facts: object) -> "Impatient":
        return Impatient(self.events, {**self.facts, **facts}, self.stop)

    def event(self, level: str, name: str, **facts: object) -> None:
        super().event(level, name, **facts)
        if name == "outcome_recorded":
            self.stop.set()


def only(result: RunResult) -> Outcome:
    (outcome,) = result.outcomes
    return outcome


def shown(site: Site, name: str = "m") -> object:
    (host,) = site.world().hosts.values()
    return dict(host.show(ModelName.parse(name)))["system"]


def staged(site: Site) -> list[str]:
    return [name[2] for name in site.servers["a"].store.manifests if STAGING_NAMESPACE in name]


def history(site: Site) -> list[str]:
    return [f"{event.outcome.action} {event.outcome.status}" for event in reversed(site.store.events())]


def test_a_model_that_passes_is_asked_once_and_leaves_the_memory(site: Site) -> None:
    site.servers["a"].mouth.answers["2+2="] = "It is 4."
    model(site.folder, "m", more=ASKS)
    assert site.apply().good
    (request,) = [seen.body for seen in site.servers["a"].seen if seen.call == "generate"]
    assert request["model"] == "m:latest"
    assert (request["keep_alive"], request["stream"], request["think"]) == (0, False, False)
    assert request["options"] == {"temperature": 0, "seed": 1, "num_predict": 256}
    assert site.servers["a"].loaded == []
    assert history(site) == ["create applied", "test applied"]
    assert site.in_sync()


def test_a_model_that_fails_stays_on_record_and_is_only_asked_again(site: Site) -> None:
    server = site.servers["a"]
    server.mouth.answers["2+2="] = "five\x1b[2J" + "!" * 100
    model(site.folder, "m", more=ASKS)
    tune(site.folder, "bot", "m")
    bot, made = site.apply().outcomes
    assert (bot.status, made.action, made.status) == (Status.SKIPPED, Action.CREATE, Status.FAILED)
    assert made.message.startswith("it was made, but its test failed: asked '2+2=', it answered 'five\\x1b[2J!!!")
    assert made.message.endswith("!…', without '4'")
    assert made.hint == "it stays, and each apply asks it again"
    assert history(site) == ["create applied", "test failed", "create skipped"]
    server.seen.clear()
    changes = {str(change.address.model): change for change in site.plan().pending}
    assert (changes["m:latest"].action, changes["m:latest"].reasons) == (Action.TEST, (Reason.UNTESTED,))
    assert [item.status for item in site.apply().outcomes] == [Status.SKIPPED, Status.FAILED]
    assert server.calls("generate", "create", "copy", "delete") == ["generate"]
    server.mouth.answers["2+2="] = "4"
    assert site.apply().good
    assert site.in_sync()


def test_a_test_that_changes_or_comes_later_is_asked_when_the_model_is_next_made(site: Site) -> None:
    model(site.folder, "m", more="system: old")
    assert site.apply().good
    model(site.folder, "m", more=f"system: old\n{WORDS}")
    assert site.in_sync()
    model(site.folder, "m", more=f"system: new\n{WORDS}")
    assert site.apply().good
    model(site.folder, "m", more="system: new\ntest: {prompt: hello, expect: something else}")
    assert site.in_sync()
    assert site.servers["a"].calls("generate") == ["generate"]


def test_a_test_that_is_taken_back_is_no_longer_due(site: Site) -> None:
    model(site.folder, "m", more=f"system: old\n{WORDS}")
    assert not site.apply().good
    model(site.folder, "m", more="system: old")
    assert site.in_sync()


def test_what_is_only_put_on_record_is_not_asked(site: Site) -> None:
    model(site.folder, "m", more=f"system: old\n{WORDS}")
    site.apply()
    (record,) = site.store.read().records
    assert record.untested
    (site.folder.parent / "registry.db").unlink()
    site.store.close()
    site.servers["a"].seen.clear()
    assert only(site.apply()).action is Action.ADOPT
    assert site.servers["a"].calls("generate") == []


@pytest.mark.parametrize(("has", "message"), [(384, ""), (768, "its embedding has 768 dimensions, not 384")])
def test_the_dimensions_of_an_embedding_are_counted(site: Site, has: int, message: str) -> None:
    site.servers["a"].mouth.dimensions = has
    model(site.folder, "m", more="test: {embedding: {dimensions: 384}}")
    outcome = only(site.apply())
    assert outcome.message == (message and f"it was made, but its test failed: {message}")
    assert site.servers["a"].calls("generate", "embed") == ["embed"]


@pytest.mark.parametrize("name", ["m", "base"])
def test_what_is_in_memory_stays_there(site: Site, name: str) -> None:
    model(site.folder, "base")
    tune(site.folder, "m", "base", more=f"system: old\n{WORDS.replace('new', 'old')}")
    site.servers["a"].loaded.append(f"{name}:latest")
    assert site.apply().good
    (request,) = [seen.body for seen in site.servers["a"].seen if seen.call == "generate"]
    assert "keep_alive" not in request


TROUBLE = [
    ({"status": 500, "body": '{"error":"model requires more system memory (9 GiB) than is free"}'}, "9 GiB"),
    ({"status": 200, "body": "<html>"}, "not JSON"),
    ({"status": 200, "body": "{}"}, "no response"),
    ({"stall": 3.0}, "no answer within 1 s"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "words"), TROUBLE, ids=str)
def test_where_nothing_answers_the_host_says_why(site: Site, fault: dict[str, object], words: str) -> None:
    model(site.folder, "m", more="test: {prompt: x, expect: x, timeout: 1s}")
    site.servers["a"].fail("generate", **fault)  # type: ignore[arg-type]
    outcome = only(site.apply())
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith("it was made, but its test failed: ")
    assert words in outcome.message
    assert site.servers["a"].calls("generate") == ["generate"]
    assert site.apply().good


def test_a_run_that_is_interrupted_before_the_test_leaves_it_due(site: Site) -> None:
    model(site.folder, "m", more=ASKS)
    site.ear = Impatient(stop=site.stop)
    outcome = only(site.apply())
    assert outcome.status is Status.FAILED
    assert outcome.message == "it was made, but the run was interrupted before it came to this change"
    assert site.servers["a"].calls("generate") == []
    site.ear = Ear()
    site.stop.clear()
    site.servers["a"].mouth.answers["2+2="] = "4"
    assert [change.action for change in site.plan().pending] == [Action.TEST]
    assert site.apply().good
    assert site.in_sync()


def test_with_rollback_a_model_that_fails_never_gets_its_name(site: Site) -> None:
    model(site.folder, "m", more="system: old")
    assert site.apply().good
    (before,), records = site.world().hosts["a"].models(), site.store.read().records  # type: ignore[index]
    model(site.folder, "m", seed=1, more=f"system: bad\n{GUARDED}")
    outcome = only(site.apply())
    assert (outcome.action, outcome.status) == (Action.UPDATE, Status.FAILED)
    assert outcome.message == "its test failed: asked 'hello', it answered 'bad hello', without 'new'"
    assert outcome.hint == "it did not get its name: what had it before is as it was"
    assert site.servers["a"].calls("copy") == ["copy"]  # of the model that was there before
    assert site.world().hosts["a"].models() == (before,)  # type: ignore[index]
    assert site.store.read().records == records
    assert [change.action for change in site.plan().pending] == [Action.UPDATE]
    model(site.folder, "m", seed=1, more=f"system: new\n{GUARDED}")
    assert site.apply().good
    assert (shown(site), staged(site)) == ("new", [])
    assert site.in_sync()


def test_with_rollback_a_new_model_that_fails_is_not_there(site: Site) -> None:
    model(site.folder, "m", more=f"system: bad\n{GUARDED}")
    assert only(site.apply()).status is Status.FAILED
    assert site.servers["a"].store.manifests == {}
    assert site.store.read().records == ()
    assert [change.action for change in site.plan().pending] == [Action.CREATE]


def test_adopting_hides_no_test_that_is_due() -> None:
    want, shown_then = replace(desired(), test=ModelTest("2+2=", "4")), content(system="s")
    there = live_state(live(seed="the same content", shown=shown_then))
    known = recorded_state(replace(recorded(want, shown=shown_then), untested=True))
    plan = make_plan(diff(DesiredState((want,)), there, known), there, known, {})
    assert [change.action for change in plan.pending] == [Action.TEST]
    assert adoption(plan, ()).changes == ()
