"""Numbers that can't be meant are findings; those by which Ollama means something special are not."""

import json

import pytest

from tests.conftest import REPOSITORY
from tests.manifests import model, write

EXACT = 2**53 - 1  # Ollama keeps every number as a float: the next one it could not tell from its neighbour

LEAST = {
    "num_ctx": 1,
    "num_batch": 1,
    "num_gpu": -1,
    "num_thread": 0,
    "num_keep": -1,
    "num_predict": -2,
    "top_k": 0,
    "repeat_last_n": -1,
    "seed": -EXACT,
    "main_gpu": -EXACT,
}
PROBABILITIES = ("top_p", "min_p", "typical_p")
GOOD = [
    *((name, value) for name, least in LEAST.items() for value in (least, EXACT)),
    *((name, value) for name in PROBABILITIES for value in (0, 0.5, 1)),
    *((name, value) for name in ("temperature", "repeat_penalty") for value in (0, 0.0, 2.5)),
    *((name, value) for name in ("presence_penalty", "frequency_penalty") for value in (-2, 2)),
]
BAD = [
    *((name, value) for name, least in LEAST.items() for value in (least - 1, EXACT + 1)),
    *((name, value) for name in PROBABILITIES for value in (-0.1, 1.1)),
    *((name, -0.1) for name in ("temperature", "repeat_penalty")),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_number_that_can_be_meant_is_taken(reconciler, folder, name, value):
    model(folder, more=f"parameters: {{{name}: {value}}}")
    assert reconciler("validate").status == 0


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_number_that_cannot_be_meant_is_a_finding(reconciler, folder, name, value):
    model(folder, more=f"parameters: {{{name}: {value}}}")
    result = reconciler("validate", "--format", "json")
    (found,) = json.loads(result.out)["findings"]
    assert (result.status, found["code"]) == (1, "wrong-value")
    assert found["message"].startswith(f"{name!r} must be a ")


def test_a_number_too_large_for_a_float_says_why(reconciler, folder):
    model(folder, more="parameters: {seed: 123456789012345678}")
    assert (
        "'seed' must be a whole number from -9007199254740991 to 9007199254740991, the largest that Ollama keeps"
    ) in reconciler("validate").err


@pytest.mark.parametrize("limit", ["deletes", "updates"])
def test_a_limit_below_nothing_is_a_finding(reconciler, folder, limit):
    write(folder, "policy", f"kind: Policy\nmetadata: {{name: p}}\nspec: {{limits: {{{limit}: -1}}}}\n")
    assert f"{limit!r} must be a whole number from 0 up" in reconciler("validate").err


def test_every_parameter_with_a_bound_has_words_for_it():
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in (REPOSITORY / "schemas").glob("*.schema.json")]

    def bounded(schema):
        if isinstance(schema, dict):
            if {"minimum", "maximum", "pattern", "maxItems"} & schema.keys() and "type" in schema:
                yield schema
            for part in schema.values():
                yield from bounded(part)

    inputs = [schema for schema in schemas if schema["description"] and "report" not in schema.get("title", "").lower()]
    found = [part for schema in inputs for part in bounded(schema)]
    assert len(found) > 15
    assert [part for part in found if "title" not in part] == []
