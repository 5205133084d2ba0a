"""Files and functions stay small enough to be read at one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FILE_LINES = 300
FUNCTION_LINES = 40
WORKFLOW_FUNCTION_LINES = 25


def _files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with the number of lines from its `def` to its end."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", _files("reconciler", "tests"), ids=_name)
def test_a_file_is_never_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", _files("reconciler"), ids=_name)
def test_a_function_is_never_longer_than_40_lines(path: Path) -> None:
    assert {name: lines for name, lines in _functions(path) if lines > FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", _files("reconciler/workflow"), ids=_name)
def test_an_orchestrating_function_is_never_longer_than_25_lines(path: Path) -> None:
    assert {name: lines for name, lines in _functions(path) if lines > WORKFLOW_FUNCTION_LINES} == {}


def test_there_are_files_to_measure() -> None:
    assert _files("reconciler/workflow")
    assert _files("tests/core")
