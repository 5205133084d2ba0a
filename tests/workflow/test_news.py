"""News: what upstream changed is told field by field, wherever it moved, and where it can't be told that is said."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Change
from reconciler.core.digest import Digest
from reconciler.core.facts import ABSENT
from reconciler.core.plan import Plan
from reconciler.registry.store import open_store
from reconciler.workflow.news import with_news
from tests.manifests import tune
from tests.workflow.upstream import Upstream, change

OLD = {"weights": "1", "system": "old", "license": "MIT", "params": '{"temperature": 0.2, "stop": ["x"]}'}
NEW = {"weights": "1", "system": "new", "license": "MIT", "params": '{"temperature": 0.2, "num_ctx": 64}'}
CHANGED = {"system": ("old", "new"), "parameters.num_ctx": (ABSENT, 64), "parameters.stop": (("x",), ABSENT)}


def read(upstream: Upstream, plan: Plan | None = None) -> Plan:
    """Return a plan with its news."""
    world = upstream.site.world()
    return with_news(plan or upstream.site.plan(), world.recorded, world.sources)


def fields(item: Change) -> dict[str, tuple[object, object]]:
    return {field.path: (field.before, field.after) for field in item.news}


def blobs(upstream: Upstream) -> list[str]:
    return [path for path in upstream.asked() if "/blobs/" in path]


@pytest.fixture
def outdated(upstream: Upstream) -> Upstream:
    """Give a site whose model is locked and in place, and moved upstream since."""
    upstream.publish(**OLD)
    upstream.declare()
    upstream.lock()
    assert upstream.site.apply().good
    upstream.publish(**NEW)
    return upstream


def test_what_is_outdated_is_told_from_what_is_locked_to_what_is_offered(outdated: Upstream) -> None:
    plan = outdated.site.plan()
    told = change(read(outdated, plan))
    assert fields(told) == CHANGED
    assert told.note == ""
    assert change(plan).news == ()  # nobody asked


def test_small_layers_are_read_once_and_weights_never(outdated: Upstream) -> None:
    outdated.declare("again")
    plan = outdated.site.plan()
    assert len(plan.outdated) == 2
    outdated.forget()
    read(outdated, plan)
    texts = {OLD["system"], NEW["system"], OLD["license"], OLD["params"], NEW["params"]}
    assert set(blobs(outdated)) == {f"m/blobs/{Digest.of(text.encode())}" for text in texts}
    outdated.forget()
    read(outdated, plan)
    assert blobs(outdated) == []


def test_weights_and_the_config_are_told_too(upstream: Upstream) -> None:
    upstream.publish(weights="1")
    upstream.declare()
    upstream.lock()
    upstream.publish(weights="2", family="qwen")
    told = fields(change(read(upstream)))  # it is to be created, and outdated all the same
    assert set(told) == {"weights", "config.model_family"}
    assert told["config.model_family"] == ("llama", "qwen")


def test_what_is_in_sync_or_changed_here_has_no_news_and_asks_nothing(outdated: Upstream) -> None:
    outdated.publish(**OLD)
    for more, pending in (("", []), ("system: ours", ["update"])):
        outdated.declare(more=more)
        plan = outdated.site.plan()
        outdated.forget()
        assert [item.action.value for item in plan.pending] == pending
        assert read(outdated, plan) is plan
        assert outdated.asked() == []


def test_what_moved_under_a_tag_that_is_followed_is_told_from_what_the_host_showed(upstream: Upstream) -> None:
    upstream.publish(**OLD)
    upstream.declare()
    upstream.site.apply()
    upstream.publish(**NEW)
    assert fields(change(read(upstream))) == CHANGED


def test_a_lock_that_moved_tells_what_it_brings(outdated: Upstream) -> None:
    outdated.lock()
    assert fields(change(read(outdated))) == CHANGED


def test_what_is_laid_over_is_told_as_the_host_will_show_it(upstream: Upstream) -> None:
    upstream.publish(**OLD)
    upstream.declare(more="system: ours\nparameters: {num_ctx: 64}")
    upstream.site.apply()
    upstream.publish(**{**NEW, "license": "Apache"})
    told = fields(change(read(upstream)))
    assert told == {"license": ("MIT", "Apache"), "parameters.stop": (("x",), ABSENT)}


def test_where_the_old_texts_are_gone_what_the_host_showed_is_compared(outdated: Upstream) -> None:
    outdated.lose("old")
    told = change(read(outdated))
    assert (fields(told), told.note) == (CHANGED, "")


def test_where_the_new_texts_can_not_be_read_a_note_says_so(outdated: Upstream) -> None:
    outdated.fail(path="/blobs/", times=99, status=503, headers={"Retry-After": "0"})
    told = change(read(outdated))
    assert told.news == ()
    assert told.note.startswith("what changed upstream can't be told: ")
    assert "503" in told.note


def test_where_nothing_is_known_of_what_was_there_nothing_is_claimed(outdated: Upstream) -> None:
    outdated.site.store = open_store(f"sqlite://{outdated.folder}/another.db", lineage=lambda: "other")
    outdated.lose("old")
    told = change(read(outdated))
    assert (told.action, told.news) == (Action.ADOPT, ())
    assert told.note == "what changed upstream can't be told: what was there before is not known any more"


def test_only_what_moved_has_news_whatever_else_is_in_the_plan(outdated: Upstream) -> None:
    outdated.publish("n", system="old")
    outdated.declare("n", "n")
    outdated.declare("gone", "n")
    tune(outdated.site.folder, "bot", "n")
    outdated.publish(**OLD)
    outdated.lock()
    assert outdated.site.apply().good
    (outdated.site.folder / "gone.yaml").unlink()
    outdated.publish(**NEW)
    plan = read(outdated)
    assert {str(item.address.model): bool(item.news) for item in plan.changes} == {
        "bot:latest": False,
        "gone:latest": False,
        "m:latest": True,
        "n:latest": False,
    }


def test_a_note_that_is_there_is_kept(outdated: Upstream) -> None:
    outdated.fail(path="/blobs/", times=99, status=503, headers={"Retry-After": "0"})
    plan = outdated.site.plan()
    noted = replace(plan, changes=tuple(replace(item, note="mind this") for item in plan.changes))
    assert change(read(outdated, noted)).note == "mind this"


def test_a_text_that_is_as_it_was_is_no_news_on_a_host_that_shows_more(upstream: Upstream) -> None:
    upstream.publish(system="s")
    upstream.declare()
    upstream.site.apply()
    assert "template" in upstream.shown()  # which the host filled in by itself
    upstream.publish(system="s", weights="2")
    assert set(fields(change(read(upstream)))) == {"weights"}


def test_a_file_has_no_news_that_a_hub_could_tell(upstream: Upstream) -> None:
    upstream.commit()
    upstream.declare_file()
    upstream.lock()
    upstream.commit(content="GGUF 2")
    plan = upstream.site.plan()
    assert plan.outdated
    assert read(upstream, plan) is plan
