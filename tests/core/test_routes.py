"""Routes: the same entry, with the steps by which its layers really reach a host."""

from dataclasses import replace

import pytest

from reconciler.core.facts import facts
from reconciler.core.likeness import alike
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned, steps_for
from reconciler.core.resource import Overlay
from reconciler.core.routes import Route, layers_of, rerouted, weights_of
from reconciler.core.safety import Case, Limits, violations
from reconciler.core.state import Desired
from reconciler.core.steps import (
    Blob,
    Copy,
    Create,
    Delete,
    Install,
    Pull,
    Upload,
    is_staging,
    needed_blobs,
    pull_of,
    staging_name,
    written_names,
)
from tests.core.builders import desired, digest, live
from tests.core.test_plan import create

M, HUB = ModelName.parse("m"), ModelName.parse("hub.example/team/m:1")
LAYERS = ((digest("config"), 5), (digest("weights"), 7))
PULL = Pull(HUB, True, digest("manifest"), LAYERS, (digest("manifest"),), body=b"{}")
PULLED = Pinned("hub.example/team/m:1", (), 12, pull=PULL)
WHERE = (("name", "hub.example/team/m:1"), ("insecure", "true"))
UPLOADS = tuple(Upload(Blob(layer, size, "ollama", WHERE)) for layer, size in LAYERS)
BUILD = staging_name("k")


def entry(name: ModelName = M, overlay: Overlay = Overlay(), *, declared_elsewhere: bool = False) -> Desired:
    """Return an entry as expansion makes it: without the clean-up of a name that is declared itself."""
    steps = steps_for(name, overlay, PULLED, None, None, "k")
    kept = tuple(step for step in steps if not declared_elsewhere or not isinstance(step, Delete) or step.name != HUB)
    return replace(desired(str(name)), source="ollama", steps=kept, foretold=PULL.foretold)


SHAPES = {
    "its own name": entry(HUB),
    "another name": entry(),
    "another name, and its own is declared": entry(declared_elsewhere=True),
    "laid over": entry(overlay=Overlay(system="s")),
    "laid over, and its own is declared": entry(overlay=Overlay(system="s"), declared_elsewhere=True),
    "laid over its own name": entry(HUB, Overlay(system="s"), declared_elsewhere=True),
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def test_the_layers_of_a_pull_are_blobs_that_its_source_can_find_again():
    assert layers_of(PULL, "ollama") == tuple(step.blob for step in UPLOADS)
    (secure, _) = layers_of(replace(PULL, insecure=False), "ollama")
    assert dict(secure.locator)["insecure"] == "false"


@shapes
def test_a_host_that_pulls_for_itself_gets_the_steps_as_they_are(shape):
    assert rerouted(shape, Route.PULL) is shape


@pytest.mark.parametrize("route", Route)
def test_what_pulls_nothing_stays_as_it_is(route):
    assert rerouted(desired(), route) == desired()


@shapes
def test_relayed_layers_are_there_before_the_usual_steps(shape):
    assert rerouted(shape, Route.RELAY) == replace(shape, steps=(*UPLOADS, *shape.steps))


def test_what_is_installed_under_its_own_name_or_another_is_copied_there():
    for shape in ("its own name", "another name", "another name, and its own is declared"):
        name = SHAPES[shape].address.model
        *uploads, install, copy, delete = rerouted(SHAPES[shape], Route.INSTALL).steps
        assert tuple(uploads) == UPLOADS
        assert install == Install(copy.source, PULL)
        assert (copy, delete) == (Copy(install.name, name), Delete(install.name))


def test_what_is_laid_over_stands_on_what_is_installed():
    for shape in ("laid over", "laid over, and its own is declared", "laid over its own name"):
        name = SHAPES[shape].address.model
        first, second, install, made, copy, delete, drop = rerouted(SHAPES[shape], Route.INSTALL).steps
        assert (first, second) == UPLOADS
        assert made == Create(BUILD, base=install.name, system="s")
        assert (copy, delete, drop) == (Copy(BUILD, name), Delete(BUILD), Delete(install.name))


def test_an_adapter_is_uploaded_as_before_and_laid_over_what_is_installed():
    lora = Blob(digest("l"), 10, "gguf", ())
    adapter = Pinned("l.gguf", (), 10, files=(("l.gguf", lora),))
    laid = replace(entry(), steps=steps_for(M, Overlay(system="s"), PULLED, adapter, None, "k"))
    *_, install, upload, made, _, _, drop = rerouted(laid, Route.INSTALL).steps
    assert (upload, made.base, made.adapters) == (Upload(lora), install.name, (("l.gguf", lora.digest),))
    assert drop == Delete(install.name)


@shapes
def test_an_installation_leaves_the_name_on_the_hub_alone_and_nothing_temporary_behind(shape):
    steps = rerouted(shape, Route.INSTALL).steps
    temporary = {step.name for step in steps if isinstance(step, Install | Create)}
    assert written_names(steps) == temporary | {shape.address.model}
    assert all(is_staging(name) for name in temporary)
    assert temporary == {step.name for step in steps if isinstance(step, Delete)}
    assert not any(isinstance(step, Pull) for step in steps)


@shapes
@pytest.mark.parametrize("route", Route)
def test_by_every_route_the_same_is_pulled_and_needed_and_the_plan_is_safe(shape, route):
    steps = rerouted(shape, route).steps
    assert pull_of(steps) == PULL
    assert needed_blobs(steps) == dict(LAYERS)
    assert violations(Case([create(str(shape.address.model), steps=steps)], {}, Limits())) == ()


def test_two_models_of_one_pull_are_installed_under_names_of_their_own():
    names = [rerouted(entry(ModelName.parse(name)), Route.INSTALL).steps[2].name for name in ("a", "b", "a")]
    assert names[0] == names[2] != names[1]
    other = replace(PULL, manifest=digest("moved"))
    moved = rerouted(replace(entry(ModelName.parse("a")), steps=(other,)), Route.INSTALL)
    assert moved.steps[2].name != names[0]


def test_what_installs_is_recognised_like_what_pulls():
    below = {"weights": "w", "template": "t"}
    laid = replace(entry(overlay=Overlay(system="s")), below=facts(below))
    for route in Route:
        made = rerouted(laid, route)
        assert alike(made, live(shown=facts({**below, "system": "s"})), None)
        assert not alike(made, live(shown=facts(below)), None)


def test_the_weights_of_a_pull_are_told_from_its_other_layers() -> None:
    named = replace(PULL, parts=(("template", digest("t")), ("model", digest("weights"))))
    assert weights_of(named, "ollama") == Blob(digest("weights"), 7, "ollama", (*WHERE, ("holds", "weights")))
    assert weights_of(PULL, "ollama") is None
    assert weights_of(replace(PULL, parts=(("model", digest("elsewhere")),)), "ollama") is None
