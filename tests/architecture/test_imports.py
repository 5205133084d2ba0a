"""The contracts between rooms hold, and no docstring speaks of a module that is not there."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.api import read_configuration

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "reconciler"
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
CONTRACTS = {
    "Only cli sees all the rooms; no room sees its neighbour",
    "The core is layered",
    "The core does no I/O",
    "No cycles anywhere",
    "click enters only through cli",
    "huggingface_hub is a witness in tests, and enters nowhere",
    "ollama enters only through hosts",
    "opentelemetry enters only through traces",
    "prometheus_client enters only through report",
    "psycopg enters only through registry",
    "rich enters only through report",
    "sqlite3 enters only through registry",
    "structlog enters only through logs",
    "urllib3 enters only through transport",
    "yaml and jsonschema enter only through manifest",
}
MENTION = re.compile(r"`(?:(?P<path>[\w/]+\.py)|(?P<module>reconciler(?:\.\w+)+))(?:\(\))?`")


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def _exists(path: str | None, module: str | None, mentioned_in: Path) -> bool:
    """Tell whether a mention leads somewhere: a file (from here, the package or the top), a module or a name in one."""
    if path is not None:
        return any((root / path).is_file() for root in (mentioned_in.parent, PACKAGE, REPOSITORY))
    whole = REPOSITORY.joinpath(*(module or "").split("."))
    return any(
        place.with_suffix(".py").is_file() or (place / "__init__.py").is_file() for place in (whole, whole.parent)
    )


def test_every_import_contract_is_kept() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS], cwd=REPOSITORY, check=False, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_no_import_contract_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    contracts = read_configuration("pyproject.toml")["contracts_options"]
    assert {contract["name"] for contract in contracts} >= CONTRACTS


def test_no_module_has_a_vague_name() -> None:
    assert [path.name for path in _modules() if path.stem.strip("_") in VAGUE_NAMES] == []


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_named_in_docstrings_exist(path: Path) -> None:
    mentions = [match for text in _docstrings(path) for match in MENTION.finditer(text)]
    assert [match[0] for match in mentions if not _exists(match["path"], match["module"], path)] == []
