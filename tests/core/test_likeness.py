"""Recognising a model that nobody recorded: all that a host shows must be what is declared."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.decide import Policy
from reconciler.core.diff import diff
from reconciler.core.facts import ABSENT, FieldChange, facts
from reconciler.core.likeness import alike, overwritten, unlike
from reconciler.core.names import ModelName
from reconciler.core.steps import Create, Pull
from tests.core.builders import content, desired, desired_state, digest, live, live_state, recorded, recorded_state

NAME, BASE = ModelName.parse("m"), ModelName.parse("b")
WEIGHTS, LORA, EYES = digest("weights"), digest("lora"), digest("projector")
FILE = Create(NAME, files=(("m.gguf", WEIGHTS),), parameters=facts({"num_ctx": 512}))
SHOWN = {"weights": str(WEIGHTS), "parameters.num_ctx": 512, "template": "derived", "parameters.stop": ("<|im_end|>",)}
BELOW = {
    "weights": str(WEIGHTS),
    "template": "t",
    "system": "below",
    "license": "MIT",
    "parameters.top_k": 3,
    "adapters": (str(EYES),),
}
BUILD = Create(
    NAME,
    base=BASE,
    system="above",
    parameters=facts({"top_k": 5, "stop": ()}),
    license=("more",),
    adapters=(("l.gguf", LORA),),
    messages=(("user", "hi"),),
)
BUILT = {
    **BELOW,
    "system": "above",
    "license": "MIT\nmore",
    "parameters.top_k": 5,
    "messages": (("user", "hi"),),
    "adapters": (str(EYES), str(LORA)),
}


def _alike(create: Create, shown: dict[str, object], below: dict[str, object] | None = None) -> bool:
    base = live("b", shown=facts(below)) if below is not None else None
    return alike(replace(desired(), steps=(create,)), live(shown=facts(shown)), base)


def test_a_model_from_a_file_is_recognised_whatever_the_host_derived_from_the_file():
    assert _alike(FILE, SHOWN)


def test_a_build_is_recognised_by_what_its_base_shows_and_what_is_declared():
    assert _alike(BUILD, BUILT, BELOW)


@pytest.mark.parametrize("path", sorted(BUILT))
def test_one_field_that_differs_or_lacks_is_enough_to_say_no(path):
    assert not _alike(BUILD, {**BUILT, path: "else"}, BELOW)
    assert not _alike(BUILD, {key: value for key, value in BUILT.items() if key != path}, BELOW)


@pytest.mark.parametrize("extra", [{"system": "more"}, {"parameters.top_k": 1}, {"messages": (("user", "x"),)}])
def test_what_nobody_declared_is_no_likeness(extra):
    assert not _alike(FILE, {**SHOWN, **extra})
    assert not _alike(BUILD, {**BUILT, "parameters.seed": 1}, BELOW)


def test_a_declared_template_or_stop_leaves_nothing_to_the_host():
    assert not _alike(replace(FILE, template="ours"), SHOWN)
    assert not _alike(replace(FILE, template="ours"), {**SHOWN, "template": "ours"})
    assert not _alike(replace(FILE, parameters=facts({"num_ctx": 512, "stop": ("x",)})), SHOWN)


def test_a_projector_is_part_of_it():
    both = replace(FILE, files=(("m.gguf", WEIGHTS), ("mmproj.gguf", EYES)))
    assert _alike(both, {**SHOWN, "projectors": (str(EYES),)})
    assert not _alike(both, SHOWN)


def test_where_it_cannot_be_told_the_answer_is_no():
    pull = Pull(BASE, False, digest("h"), ())
    assert not _alike(BUILD, BUILT)
    assert not _alike(replace(FILE, quantize="Q8_0"), SHOWN)
    converted = (("config.json", WEIGHTS), ("model.safetensors", EYES))
    assert not _alike(replace(FILE, files=converted), SHOWN)
    assert not _alike(replace(BUILD, adapters=converted), {**BUILT, "adapters": (str(WEIGHTS), str(EYES))}, BELOW)
    assert not alike(replace(desired(), steps=(pull, BUILD)), live(shown=facts(BUILT)), live("b", shown=facts(BELOW)))
    assert not alike(replace(desired(), steps=(pull, BUILD), below=facts({})), live(shown=facts(BUILT)), None)
    assert not alike(replace(desired(), steps=(pull,)), live(shown=facts(BUILT)), None)
    assert not alike(replace(desired(), steps=(FILE,)), live(), None)
    assert not alike(replace(desired(), steps=(BUILD,)), live(shown=facts(BUILT)), live("b"))


def test_a_declared_renderer_is_not_the_hosts_to_fill_in():
    rendered = replace(FILE, renderer="r")
    assert _alike(rendered, {**SHOWN, "renderer": "r", "parser": "derived"})
    assert not _alike(rendered, {**SHOWN, "renderer": "other"})
    assert not _alike(rendered, SHOWN)
    assert _alike(FILE, {**SHOWN, "renderer": "derived"})


def test_what_is_laid_over_a_pull_is_recognised_by_what_the_hub_says():
    pull = Pull(BASE, False, digest("h"), ())
    over = replace(desired(), steps=(pull, BUILD), below=facts(BELOW))
    assert alike(over, live(shown=facts(BUILT)), None)
    assert not alike(over, live(shown=facts({**BUILT, "template": "else"})), None)


PULL = Pull(BASE, False, digest("h"), ())
LEFT = {
    # what differs between what is shown and what the hub says now, and what is told of it
    "nothing": ({}, {}, {}),
    "a text": ({"system": "old"}, {"system": "new"}, {"system": ("old", "new")}),
    "weights": ({"weights": "a"}, {"weights": "b"}, {"weights": ("a", "b")}),
    "a licence that went": ({"license": "MIT"}, {}, {"license": ("MIT", ABSENT)}),
    "an adapter that came": ({}, {"adapters": ("x",)}, {"adapters": (ABSENT, ("x",))}),
    "a parameter that is 0": ({"parameters.seed": 1}, {"parameters.seed": 0}, {"parameters.seed": (1, 0)}),
    "what the host filled in": ({"template": "d", "renderer": "r"}, {}, {}),
    "stops that went": ({"parameters.stop": ("x",)}, {}, {"parameters.stop": (("x",), ABSENT)}),
    "stops that are given": (
        {"parameters.stop": ("x",)},
        {"parameters.stop": ("y",)},
        {"parameters.stop": (("x",), ("y",))},
    ),
    "a template": (
        {"template": "d", "renderer": "r"},
        {"template": "t"},
        {"renderer": ("r", ABSENT), "template": ("d", "t")},
    ),
}


@pytest.mark.parametrize(("shown", "below", "told"), LEFT.values(), ids=LEFT)
def test_what_a_pull_will_change_is_told_without_what_hosts_fill_in(shown, below, told):
    found = unlike(replace(desired(), steps=(PULL,)), facts(shown), facts(below))
    assert {item.path: (item.before, item.after) for item in found} == told
    assert [item.path for item in found] == sorted(told)


def test_what_is_laid_over_hides_what_changed_below():
    over = replace(desired(), steps=(PULL, BUILD))
    assert unlike(over, facts(BUILT), facts(BELOW)) == ()
    assert unlike(over, facts(BUILT), facts({**BELOW, "system": "other", "parameters.top_k": 7})) == ()
    told = unlike(over, facts(BUILT), facts({**BELOW, "license": "Apache", "template": "t2"}))
    assert told == (FieldChange("license", "MIT\nmore", "Apache\nmore"), FieldChange("template", "t", "t2"))


WANT = replace(desired(spec=content(weights=(str(WEIGHTS),))), steps=(FILE,))
ON_BASE = replace(desired("t", spec=content(system="above"), base="m"), steps=(replace(BUILD, base=NAME),))


def test_an_empty_registry_finds_a_host_that_an_earlier_run_has_set_up_in_sync():
    models = [live(shown=facts(SHOWN)), live("t", "y", shown=facts({**BUILT, **_on(SHOWN)}))]
    changes = diff(desired_state(WANT, ON_BASE), live_state(*models), recorded_state())
    assert [(change.action, change.reasons, change.steps) for change in changes] == [
        (Action.ADOPT, (Reason.ALREADY_PRESENT,), ()),
        (Action.ADOPT, (Reason.ALREADY_PRESENT,), ()),
    ]


@pytest.mark.parametrize(("adopt", "action"), [(False, Action.REFUSE), (True, Action.UPDATE)])
def test_a_build_on_a_base_that_will_be_rewritten_is_not_recognised(adopt, action):
    models = [live(shown=facts(SHOWN)), live("t", "y", shown=facts({**BUILT, **_on(SHOWN)}))]
    before = recorded(desired(spec=content(weights=("old",))))
    changes = diff(desired_state(WANT, ON_BASE), live_state(*models), recorded_state(before), Policy(adopt=adopt))
    assert [change.action for change in changes] == [Action.UPDATE, action]


def test_the_same_content_under_another_digest_is_put_on_record_and_not_written():
    shown = facts(SHOWN)
    (change,) = diff(
        desired_state(WANT), live_state(live(seed="new", shown=shown)), recorded_state(recorded(WANT, shown=shown))
    )
    assert (change.action, change.steps) == (Action.ADOPT, ())


def _on(base: dict[str, object]) -> dict[str, object]:
    """Return what differs in a build when its base shows this instead of BELOW."""
    return {
        "weights": base["weights"],
        "template": base["template"],
        "license": "more",
        "adapters": (str(LORA),),
        "parameters.num_ctx": 512,
    }


def _taken_over(shown: dict[str, object] | None, below: dict[str, object] | None):
    """Return the change by which a build takes over what is there; its base is there too."""
    want = replace(desired(base="b"), steps=(BUILD,))
    base = replace(live("b", "b1"), facts=facts(below) if below is not None else None)
    there = replace(live("m", "m1"), facts=facts(shown) if shown is not None else None)
    (change,) = diff(desired_state(want), live_state(there, base), recorded_state(), Policy(adopt=True))
    return change


def test_taking_a_model_over_tells_all_of_it_that_will_be_lost():
    change = _taken_over({**BUILT, "system": "theirs", "parameters.seed": 7, "parameters.top_k": 9}, BELOW)
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.UNMANAGED,))
    assert change.fields == (
        FieldChange("parameters.seed", 7, ABSENT),
        FieldChange("parameters.top_k", 9, 5),
        FieldChange("system", "theirs", "above"),
    )
    assert not change.note


@pytest.mark.parametrize(("shown", "below"), [(None, BELOW), (BUILT, None)], ids=["itself", "its base"])
def test_what_can_not_be_looked_at_is_said_to_be_replaced(shown, below):
    change = _taken_over(shown, below)
    assert (change.action, change.note) == (Action.UPDATE, "whatever else it holds is replaced too")
    assert overwritten(change.after, replace(live("m", "m1"), facts=None), None) is None
