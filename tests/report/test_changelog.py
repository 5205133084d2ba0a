"""What is told of two versions of a model, in the cases that no golden file shows."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.facts import facts
from reconciler.core.lock import Followed
from reconciler.core.steps import Pull, Upload
from reconciler.report.changelog import applied, moved, new_bytes, standing_on
from reconciler.report.layers import layer_rows, recorded_rows
from reconciler.report.sentences import plan_sentences
from reconciler.report.terminal import plan_text
from tests.report.builders import MB, change, desired, digest, field, in_sync, name, plan, recorded
from tests.report.upstream_cases import hub_file, hub_model, hub_pull, pinned, still


def tensors(*marks):
    """Return the pull of a model whose weights are many layers."""
    layers = tuple((digest(mark), MB) for mark in marks)
    parts = tuple(("tensor", digest(mark)) for mark in marks)
    return Pull(name("m"), insecure=False, manifest=digest(f"{marks}"), layers=layers, parts=parts)


NEWS = (field("system", "a", "b"),)


@pytest.mark.parametrize(
    ("news", "old", "new", "said"),
    [
        (NEWS, tensors("a", "b"), tensors("a", "c"), ["others, 1.0 MB to fetch", ""]),
        (NEWS, tensors("a"), tensors("a"), ["the same", ""]),
        (NEWS, None, tensors("a"), [""]),
        (NEWS, None, hub_pull("m"), ["the same", ""]),
        ((), tensors("a", "b"), tensors("a", "c"), ["others, 1.0 MB to fetch", ""]),
        ((), hub_pull("m"), hub_pull("m"), ["the same", "another, and nothing that a host shows differs"]),
        ((), hub_pull("m"), hub_pull("m", weights="x"), [""]),
    ],
)
def test_whether_weights_are_the_same_is_said_only_where_that_is_known(news, old, new, said):
    assert [row.told for row in layer_rows(news, old, new)] == said


@pytest.mark.parametrize(
    ("shown", "paths"),
    [
        ({"weights": str(digest("weights"))}, ["manifest", "weights"]),
        ({"weights": str(digest("other"))}, ["manifest", "weights"]),
        ({"system": "x"}, ["manifest"]),
    ],
)
def test_of_a_record_as_much_is_told_as_is_on_it(shown, paths):
    assert [row.path for row in recorded_rows(replace(recorded(), facts=facts(shown)), hub_pull("m"))] == paths
    assert [row.path for row in recorded_rows(replace(recorded(), facts=facts(shown)), tensors("a"))] == ["manifest"]


def test_what_is_brought_is_told_with_its_bytes_and_settings_without():
    new = replace(tensors("a"), layers=((digest("a"), 5 * MB),))
    news = (field("projectors", (), (str(digest("a")), str(digest("b")))), field("system", "x", str(digest("a"))))
    found = {row.path: row.after for row in layer_rows((*news, field("weights", "x", "y")), None, new)}
    assert list(found) == ["projectors", "weights", "system"]
    assert found["projectors"].endswith("] (5.0 MB to fetch)")
    assert found["system"] == digest("a").short


def test_bytes_that_the_old_version_has_are_not_fetched_again():
    entry = hub_model("m", "template=a")
    assert new_bytes(entry, pinned(hub_pull("m", "template=a"))) == 0
    assert new_bytes(entry, pinned(hub_pull("m", "template=b"))) == 2000  # and another config
    assert new_bytes(replace(entry, steps=(Upload(hub_file("a").files[0][1]),)), hub_file("a")) == 0
    assert new_bytes(entry, hub_file("a", 7)) == 7


PINNED = facts({"weights": ("sha256:" + "a" * 64,)})


@pytest.mark.parametrize(
    ("entry", "then"),
    [
        (replace(desired("m", weights="b"), locked=True), PINNED),
        (desired("m", weights="b"), ()),
        (desired("m", system="b"), PINNED),
        (replace(desired("m", system="b"), content=PINNED), PINNED),
    ],
    ids=["locked", "adopted unseen", "brings nothing any more", "the same"],
)
def test_what_was_applied_has_a_newer_version_only_where_both_are_known(entry, then):
    assert applied(still(entry), replace(recorded("m"), content=then)) is None


def test_what_is_not_resolved_has_no_versions():
    assert applied(change("m", Action.REFUSE, Reason.UNRESOLVED), recorded("m")) is None


def test_news_of_what_is_offered_is_not_told_as_what_will_be_done():
    entry = hub_model("m", "template=a", offered=hub_pull("m", "template=b"))
    made = change("m", Action.UPDATE, Reason.SPEC_CHANGED, after=entry, news=NEWS)
    assert moved(made) == ()
    assert [row.path for row in moved(replace(made, after=replace(entry, offered=None)))] == ["weights", "system"]


def test_what_stands_on_a_model_is_found_through_all_that_is_between():
    bases = {name("b"): name("a"), name("c"): name("b"), name("d"): name("x"), name("a"): name("c")}
    assert standing_on(name("a"), bases) == (name("b"), name("c"))
    assert standing_on(name("zz"), bases) == ()


def test_a_lock_that_is_not_there_is_not_spoken_of_where_nothing_is_followed():
    made = plan(in_sync("a"))
    assert len(plan_sentences(made)) == 1
    assert plan_sentences(replace(made, followed=Followed((), without_lock=False))) == plan_sentences(made)


def test_models_that_upstream_can_not_speak_of_are_counted_and_named_up_to_five():
    silent = [still(replace(hub_model(f"m{number}"), unchecked=f"why {number}")) for number in range(7)]
    sentence = plan_sentences(plan(*silent))[-1]
    assert sentence.startswith("Upstream could not say whether 7 models are outdated: m0:latest (why 0), ")
    assert sentence.endswith("m4:latest (why 4) and 2 more.")


def test_an_outdated_model_shows_its_host_though_nothing_is_pending():
    made = plan(still(hub_model("m", offered=hub_pull("m", "system=x"))))
    assert plan_text(made, colour=False).startswith("host default")
    assert "\x1b[33m  ^ m:latest" in plan_text(made, colour=True)
