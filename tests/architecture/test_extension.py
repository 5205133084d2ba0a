"""A source type is a module, a schema fragment and an example, all of one name: none may lack the others."""

import json
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TYPES = {"blob", "gguf", "huggingface", "ollama", "safetensors"}


def _names(folder: str, pattern: str) -> set[str]:
    return {
        path.name.partition(".")[0] for path in (REPOSITORY / folder).glob(pattern) if not path.name.startswith("_")
    }


def _locked_types() -> set[str]:
    """Return the source types whose pins the schema of the lock describes."""
    schema = json.loads((REPOSITORY / "schemas" / "lock.schema.json").read_text(encoding="utf-8"))
    return {pattern.strip("^ .") for pattern in schema["properties"]["references"]["patternProperties"]}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("modules", _names("reconciler/sources", "[!_]*.py")),
        ("schema fragments", _names("schemas/sources", "*.schema.json")),
        ("pins in the lock", _locked_types()),
    ],
)
def test_every_source_type_has_all_that_it_needs(what: str, names: set[str]) -> None:
    assert names == TYPES, what


def test_every_source_type_has_an_example_folder() -> None:
    examples = {path.name for path in (REPOSITORY / "manifests").iterdir() if path.is_dir()}
    assert examples >= TYPES


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_example_uses_its_source_type(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "manifests" / name).rglob("*.yaml")]
    assert any(f"{name}:" in text for text in texts)
