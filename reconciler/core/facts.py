"""Facts: what a model consists of, flat, sorted and comparable.

The same paths are used for what a manifest asks for, what a host shows and what
the registry remembers, so that any two can be compared:

    manifest             digest of the hub manifest, for a model that is pulled as it is
    weights              digest of the GGUF, for a model made from files
    projectors           digests, in order
    adapters             digests, in order
    base                 what identifies the content that a build starts from
    quantize             target of a quantisation by the host
    template, system     text
    renderer, parser     names of what hosts from 0.12 on may use instead of the template
    license              the licences joined by a newline, as a host returns them
    messages             pairs of (role, content)
    parameters.NAME      a number, a text, a bool, None, or a tuple of texts
"""

import math
from collections.abc import Iterable, Mapping
from enum import Enum

from reconciler.core.frozen import dataclass

Fact = str | int | float | bool | None | tuple["Fact", ...]
Facts = tuple[tuple[str, Fact], ...]


class Absent(Enum):
    """The value of a field that is not there; None is a value that a parameter may have."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: `before` is what is there, `after` what will be; ABSENT where there is none."""

    path: str
    before: Fact | Absent
    after: Fact | Absent


def facts(values: Mapping[str, Fact] | Iterable[tuple[str, Fact]]) -> Facts:
    """Return the pairs sorted by path, which is what makes two sets of facts comparable."""
    return tuple(sorted(dict(values).items()))


def freeze(value: object) -> Fact:
    """Return JSON data as a Fact; raises TypeError for what is not JSON.

    Lists and dicts become tuples. Numbers become what Ollama keeps of them (it stores
    every number as a float): 1.0 is 1, and integers above 2**53 lose their last digits.
    """
    if isinstance(value, dict):
        return tuple((str(key), freeze(item)) for key, item in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    if value is None or isinstance(value, str | bool):
        return value
    raise TypeError(f"not JSON: {type(value).__name__}")


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise TypeError("not JSON: a number without end")
    return int(number) if number.is_integer() else number


def differences(before: Facts, after: Facts) -> tuple[FieldChange, ...]:
    """Return every path whose value differs, sorted by path."""
    old, new = dict(before), dict(after)
    return tuple(
        FieldChange(path, old.get(path, ABSENT), new.get(path, ABSENT))
        for path in sorted(old.keys() | new.keys())
        if not same(old.get(path, ABSENT), new.get(path, ABSENT))
    )


def same(left: Fact | Absent, right: Fact | Absent) -> bool:
    """Tell whether two values mean the same to Ollama: 1 and 1.0 do, True and 1 do not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right
