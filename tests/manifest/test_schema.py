"""The schemas: found, published whole, strict, and kept off the fast path."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from reconciler.manifest import schema
from reconciler.manifest.load import load

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path for path in (ROOT / "manifests").rglob("*.yaml") if "recipes" not in path.parts)
KINDS = (*schema.kinds(), None)


def everything(value: object) -> Iterator[dict[str, object]]:
    """Yield every mapping inside a schema."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(item)


def test_the_kinds() -> None:
    assert schema.kinds() == ("Model", "FineTune", "Host", "Policy")


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_schema_is_valid_and_stands_alone(kind: str | None) -> None:
    text = schema.published(kind)
    published = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(published)
    assert published["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$ref" not in text
    assert text.count("$schema") == 1


@pytest.mark.parametrize("kind", schema.kinds())
def test_every_mapping_is_strict_and_every_key_is_described(kind: str) -> None:
    for part in everything(json.loads(schema.published(kind))):
        if "properties" in part and "description" in part:
            assert part["additionalProperties"] is False
            assert isinstance(part["properties"], dict)
            for name, inner in part["properties"].items():
                assert name == "kind" or inner["description"]


def test_the_schema_of_any_document_judges_by_kind() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.published()))
    model = {"apiVersion": "reconciler/v1", "kind": "Model", "metadata": {"name": "a"}, "spec": {}}
    host = {"apiVersion": "reconciler/v1", "kind": "Host", "metadata": {"name": "a"}, "spec": {"url": "http://h"}}
    assert [error.message for error in validator.iter_errors(model)] == ["'source' is a required property"]
    assert not list(validator.iter_errors(host))


def test_every_source_type_has_a_fragment_and_an_example() -> None:
    fragments = {file.name.removesuffix(".schema.json") for file in (ROOT / "schemas" / "sources").iterdir()}
    source = json.loads(schema.published("Model"))["properties"]["spec"]["properties"]["source"]
    assert set(source["properties"]) == fragments
    assert fragments <= {folder.name for folder in (ROOT / "manifests").iterdir()}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_names_its_schema_on_the_first_line(file: Path) -> None:
    first = file.read_text(encoding="utf-8").split("\n")[0]
    target = file.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert target.resolve().parent == ROOT / "schemas"
    assert target.is_file()


@pytest.mark.parametrize("folder", sorted({file.parent for file in EXAMPLES}), ids=lambda folder: folder.name)
def test_each_example_loads_alone(folder: Path) -> None:
    assert load([folder]).manifests.resources


def test_the_examples_load_together_without_a_doubt() -> None:
    assert load([ROOT / "manifests"]).warnings == ()


def test_loading_is_imported_without_jsonschema() -> None:
    code = "import sys, reconciler.manifest.load, reconciler.manifest.schema; print('jsonschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
