"""Frozen dataclasses that cost little to declare.

The standard decorator compiles six methods for each class: for the hundred classes of a plan, a sixth of the time that
it takes. Here `__init__` is compiled at its first call, which many classes never see, and nothing else is compiled.
To type checkers, and to `fields` and `replace`, it is the standard one.
"""

import dataclasses
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, FrozenInstanceError, fields
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

Method = Callable[..., Any]
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, order: bool = False) -> Callable[[type], type]:
        """Return a decorator for a class whose objects never change; the first two words are there to be read."""
        assert frozen
        assert slots
        return partial(_made, order=_ORDER if order else ())


def _made(cls: type, order: Iterable[str]) -> type:
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    compared = [field.name for field in fields(made) if field.compare]
    shown = [field.name for field in fields(made) if field.repr]
    values: Method = attrgetter(*compared) if compared else lambda _: ()

    def same(self: object, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    def text(self: object) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({told})"

    def first(self: object, *args: object, **given: object) -> None:
        init = _init(made)
        _give(made, {"__init__": init})
        init(self, *args, **given)

    methods: dict[str, Method] = {"__init__": first, "__eq__": same, "__hash__": hashed, "__repr__": text}
    sorts = {name: _sorting(values, getattr(operator, name)) for name in order}
    own = {"__setattr__": _refuse, "__delattr__": _refuse, **methods, **sorts}
    _give(made, {name: method for name, method in own.items() if cls.__dict__.get(name) is None})
    return made


def _sorting(values: Method, holds: Method) -> Method:
    def compare(self: object, other: object) -> bool:
        return holds(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

    return compare


def _give(made: type, methods: Mapping[str, Method]) -> None:
    for name, method in methods.items():
        setattr(made, name, method)


def _refuse(self: object, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot change {name!r} of {type(self).__name__}")


def _init(made: type) -> Method:
    """Return what the standard library would make: each default is looked up once, each factory called each time."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_absent": object()}
    words, lines = ["self"], []
    for field in fields(made):
        name = value = field.name
        if not field.init:  # `__post_init__` gives it
            continue
        if field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            words.append(f"{name}=_absent")
            value = f"_make_{name}() if {name} is _absent else {name}"
        elif field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            words.append(f"{name}=_default_{name}")
        else:
            words.append(name)
        lines.append(f" _set(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join([f"def __init__({', '.join(words)}):", *(lines or [" pass"])]), known)  # noqa: S102 -- names of fields
    init: Method = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init
