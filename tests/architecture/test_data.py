"""Data is frozen and slotted, and everything public says what it is."""

import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType

import pytest

import reconciler

REPOSITORY = Path(__file__).resolve().parents[2]


def _modules(folder: str) -> list[str]:
    """Return the dotted names of the modules in a folder; each is imported only by the test that looks into it."""
    paths = sorted((REPOSITORY / folder).rglob("*.py"))
    names = [".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def _own_classes(module: ModuleType) -> Iterator[type]:
    for value in vars(module).values():
        if inspect.isclass(value) and value.__module__ == module.__name__:
            yield value


def _public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the public functions and classes that a module defines, and the public methods of those classes."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(value) or inspect.isclass(value):
            yield name, value
        for method, body in vars(value).items() if inspect.isclass(value) else ():
            if inspect.isfunction(body) and not method.startswith("_"):
                yield f"{name}.{method}", body


@pytest.mark.parametrize("module", _modules("reconciler/core"))
def test_every_dataclass_of_the_core_is_frozen_and_slotted(module: str) -> None:
    loose = [
        cls.__name__
        for cls in _own_classes(importlib.import_module(module))
        if dataclasses.is_dataclass(cls) and ("__slots__" not in vars(cls) or cls.__setattr__ is object.__setattr__)
    ]
    assert loose == []


@pytest.mark.parametrize("module", _modules("reconciler/core"))
def test_a_public_class_of_the_core_is_data_or_a_closed_set(module: str) -> None:
    public = [cls for cls in _own_classes(importlib.import_module(module)) if not cls.__name__.startswith("_")]
    assert [
        cls.__name__ for cls in public if not dataclasses.is_dataclass(cls) and not issubclass(cls, Enum | str)
    ] == []


@pytest.mark.parametrize("module", _modules("reconciler"))
def test_everything_public_has_a_docstring(module: str) -> None:
    found = importlib.import_module(module)
    assert found.__doc__
    assert [name for name, value in _public(found) if not inspect.getdoc(value)] == []


def test_the_package_has_a_version() -> None:
    assert reconciler.__version__.count(".") == 2
