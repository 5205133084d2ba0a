"""Reading back: a success is believed only if every declared field is there."""

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import ABSENT, FieldChange, facts
from reconciler.core.names import ModelName
from reconciler.core.steps import Create
from reconciler.workflow.verify import unmet

NAME = ModelName.parse("m")
FULL = Create(
    NAME,
    system="s",
    template="{{ .Prompt }}",
    parameters=facts({"temperature": 0.2, "stop": ("a", "b")}),
    messages=(("user", "hi"),),
    license=("MIT", "more"),
    renderer="qwen3-coder",
    parser="qwen3",
)
SHOWN = {
    "system": "s",
    "template": "{{ .Prompt }}",
    "parameters.temperature": 0.2,
    "parameters.stop": ("a", "b"),
    "messages": (("user", "hi"),),
    "license": "base\nMIT\nmore",
    "renderer": "qwen3-coder",
    "parser": "qwen3",
    "parameters.inherited": 1,
    "weights": "w",
}


def test_what_the_base_brings_besides_is_no_complaint():
    assert unmet(FULL, facts(SHOWN)) == ()


@pytest.mark.parametrize(
    "path",
    ["system", "template", "parameters.temperature", "parameters.stop", "messages", "license", "renderer", "parser"],
)
def test_each_field_that_is_lost_or_changed_is_named(path):
    lost = {key: value for key, value in SHOWN.items() if key != path}
    assert [(field.path, field.before) for field in unmet(FULL, facts(lost))] == [(path, ABSENT)]
    changed = {**SHOWN, path: "else"}
    assert [(field.path, field.before) for field in unmet(FULL, facts(changed))] == [(path, "else")]


def test_an_empty_list_is_met_by_nothing_because_ollama_prints_nothing_for_it():
    step = Create(NAME, parameters=facts({"stop": ()}))
    assert unmet(step, ()) == ()
    assert unmet(step, facts({"parameters.stop": ("x",)})) == (FieldChange("parameters.stop", ("x",), ()),)


def test_what_was_not_declared_is_not_compared():
    assert unmet(Create(NAME), facts(SHOWN)) == ()


A, B = Digest.of(b"a"), Digest.of(b"b")


def test_a_projector_that_the_host_lost_is_named_and_one_that_it_rewrote_is_not():
    step = Create(NAME, files=(("m.gguf", A), ("mmproj.gguf", B)))
    assert [field.path for field in unmet(step, ())] == ["projectors"]
    assert unmet(step, facts({"projectors": ("sha256:rewritten",)})) == ()


def test_of_an_adapter_that_the_host_converts_nobody_knows_the_digest():
    converted = (("adapter_config.json", A), ("adapter_model.safetensors", B))
    assert unmet(Create(NAME, adapters=converted), facts({"adapters": ("sha256:converted",)})) == ()
    assert [field.path for field in unmet(Create(NAME, adapters=(("l.gguf", A),)), ())] == ["adapters"]
