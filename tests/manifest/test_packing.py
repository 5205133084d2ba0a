"""What is packed comes back as it was, to the last field."""

import json
from dataclasses import fields
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import Location
from reconciler.core.names import ModelName
from reconciler.core.resource import (
    Declared,
    HostSelector,
    HostSpec,
    Lifecycle,
    ModelTest,
    Overlay,
    PolicySpec,
    Resource,
    SourceRef,
)
from reconciler.manifest.packing import packed, unpacked

FACTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
PAIRS = st.lists(st.tuples(st.text(max_size=3), FACTS), max_size=3).map(tuple)


def _every_field(kind: type, **own: st.SearchStrategy[object]) -> None:
    """Let hypothesis make such data with something in each of its fields, new ones too."""
    hints, names = get_type_hints(kind), [field.name for field in fields(kind) if field.init]
    st.register_type_strategy(kind, st.builds(kind, **{name: st.from_type(hints[name]) for name in names} | own))


_every_field(Location, file=st.just("a.yaml"))
_every_field(SourceRef, options=PAIRS)
_every_field(Overlay, parameters=PAIRS)
_every_field(PolicySpec, delete_share=st.none() | st.floats(0, 1))
for other in (ModelName, HostSelector, Lifecycle, ModelTest, Resource, HostSpec):
    _every_field(other)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(*(st.from_type(kind) for kind in (Resource, HostSpec, PolicySpec))))
def test_every_declaration_comes_back_as_it_was(item: Declared) -> None:
    text = json.dumps(packed(item), ensure_ascii=False).encode("utf-8", "surrogatepass")
    again = unpacked(json.loads(text), "a.yaml")
    assert again == item
    assert repr(again) == repr(item)  # places that no comparison looks at, True and 1


def test_nothing_else_is_unpacked() -> None:
    for data in ([], ["Model"], ["Policy"], ["Host", 1], ["Resource", *range(11)], ["Resource", *[None] * 12]):
        with pytest.raises((ValueError, TypeError)):
            unpacked(data, "a.yaml")
