"""Commands in docker-compose files."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.foreign.compose import convert
from tests.manifest.foreign.reading import names, told, valid
from tests.manifest.test_yaml_text import VALUES

SCRIPT = """\
services:
  pull:
    entrypoint: ["sh", "-c"]
    command:
      - |
        ollama serve & sleep 5
        ollama pull --insecure r:5000/t/m && /bin/ollama run "b:1b" hello
        ollama pull $$MODEL
        ollama create bot -f /Modelfile
"""
ASKED = "services: {{a: {{command: {}}}}}"


@pytest.mark.parametrize(
    ("text", "models", "findings"),
    [
        ("services: {a: {command: ollama pull a}}", ["a"], []),
        ('services: {a: {command: ["ollama", "pull", "a"]}}', ["a"], []),
        ("services: {a: {healthcheck: {test: [CMD, ollama, run, a, hi]}}}", ["a"], []),
        ("services: {a: {post_start: [{command: ollama pull a}]}}", ["a"], []),
        (
            SCRIPT,
            ["r:5000/t/m!", "b:1b"],
            ["8:9 '$$MODEL' depends on a variable", "9:9 a model that a command creates is declared by its Modelfile"],
        ),
        (ASKED.format("""'curl o/api/pull -d "{\\"name\\": \\"a:1b\\"}"'"""), ["a:1b"], []),
        (ASKED.format("curl -d @f o/api/pull"), [], ["1:25 the model that is asked for at /api/pull can't be read"]),
        (
            ASKED.format("ollama rm a; ollama pull; ollama create"),
            [],
            [
                "1:25 `ollama pull` has no place in a manifest",
                "1:25 `ollama rm` has no place in a manifest",
                "1:25 a model that a command creates is declared by its Modelfile",
            ],
        ),
        (
            "services: {a: {environment: {OLLAMA_HOST: s3cret, X: y}}, b: {environment: [OLLAMA_DEBUG=1, X]}}",
            [],
            [
                "1:30 OLLAMA_HOST is a setting of the server, not of a model: it stays where it is",
                "1:77 OLLAMA_DEBUG is a setting of the server, not of a model: it stays where it is",
            ],
        ),
        ("services: {a: {<<: {}, command: my-ollama pull a}}", [], ["1:16 not read: '<<' does not merge here"]),
        ("volumes: {}", [], []),
    ],
)
def test_what_becomes_of_a_file(text, models, findings):
    found = convert(text, "compose.yaml")
    assert (names(found), told(found)) == (models, findings)
    valid(found)


@given(
    service=st.dictionaries(
        st.sampled_from(["command", "entrypoint", "healthcheck", "post_start", "environment"]), VALUES
    ),
    words=st.lists(st.sampled_from(["ollama", "pull", "run", "a", "&&", "-x", "/api/pull", '"name": "b"', "\n"])),
)
def test_services_of_any_kind_end_in_a_valid_manifest(service, words):
    for one in (service, {"command": words}, {"command": " ".join(words)}):
        valid(convert(json.dumps({"services": {"a": one}}), "x"))
