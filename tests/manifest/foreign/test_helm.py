"""Values of the ollama-helm chart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.foreign.helm import convert
from tests.manifest.foreign.reading import names, told, valid
from tests.manifest.test_yaml_text import VALUES

MODELFILE = """\
ollama:
  models:
    create:
      - name: long
        template: |
          FROM llama3.2:1b
          PARAMETER num_ctx 32768
          ADAPTED not
"""
RUN = "`run` loads it into memory at each start as well; a manifest only says that it is there"


@pytest.mark.parametrize(
    ("text", "models", "findings"),
    [
        ("ollama: {models: {pull: [a, 'b:1b'], clean: false}}", ["a", "b:1b"], []),
        ("ollama: {models: [mistral, llama2]}", ["mistral", "llama2"], []),
        ("ollama: {insecure: true, models: {pull: ['r:5000/t/m']}}", ["r:5000/t/m!"], []),
        ("chart: {ollama: {ollama: {models: {pull: [a]}}}}", ["a"], []),
        ("ollama: {models: {pull: [a], clean: true}}", ["a", "prune"], []),
        ("ollama: {models: {run: [a]}}", ["a"], [f"1:25 {RUN}"]),
        (MODELFILE, ["llama3.2:1b", "long"], ["8:1 'ADAPTED' has no place in a manifest"]),
        (
            "ollama: {models: {create: [{name: x, configMapRef: cm}, {template: FROM a}, {name: y}, 3]}}",
            [],
            [
                "1:28 the Modelfile of x stands in a ConfigMap",
                "1:57 a model that is created has no name",
                "1:77 the Modelfile of y stands in a ConfigMap",
                "1:88 a model that is created has no name",
            ],
        ),
        (
            "ollama: {models: {pull: a, push: [b]}}",
            [],
            ["1:25 this is no list of names", "1:28 the key 'push' under `models` is not known"],
        ),
        ("ollama: {models: {pull: [3, no], run: null}}", ["no"], ["1:26 this is no name"]),
        (
            "ollama: {models: {pull: ['{{ .Values.x }}', 'a b']}}",
            [],
            [
                "1:26 '{{ .Values.x }}' depends on a variable",
                "1:45 'a b' is not a model's name: model 'a b' is not allowed",
            ],
        ),
        ("image: {tag: 1}\nollama: {gpu: {enabled: yes}}", [], []),
        ("<<: {ollama: {models: [a]}}\nollama: {models: [b]}", ["b"], ["1:1 not read: '<<' does not merge here"]),
        ("ollama: {models: [", [], ["2:1 not read: not valid YAML: did not find expected node content"]),
    ],
)
def test_what_becomes_of_values(text, models, findings):
    found = convert(text, "values.yaml")
    assert (names(found), told(found)) == (models, findings)
    valid(found)


@given(data=st.dictionaries(st.sampled_from(["models", "insecure"]), VALUES), inside=VALUES)
def test_values_of_any_kind_end_in_a_valid_manifest(data, inside):
    for models in (data, {"models": {"pull": inside, "run": inside, "create": [inside], "clean": inside}}):
        valid(convert(json.dumps({"ollama": models}), "values.yaml"))
