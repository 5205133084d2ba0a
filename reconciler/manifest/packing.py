"""What a document declares as plain lists for JSON, and back: exact, and quick to read.

Only `packed` writes them; whoever reads others gets an error, or a declaration of no meaning.
"""

from typing import Any, assert_never

from reconciler.core.diagnostics import Location
from reconciler.core.names import HostName, ModelName
from reconciler.core.resource import (
    Declared,
    HostSelector,
    HostSpec,
    Kind,
    Lifecycle,
    ModelTest,
    Overlay,
    PolicySpec,
    Resource,
    SourceRef,
)

_EVERY_HOST, _NO_OVERLAY, _NOT_PROTECTED = HostSelector(), Overlay(), Lifecycle()


def packed(item: Declared) -> list[object]:
    """Return a declaration as JSON takes it; its places are in one file, which is not repeated."""
    match item:
        case Resource():
            return ["Resource", *_resource(item)]
        case HostSpec():
            return ["Host", item.name, item.url, _place(item.location), *_after(item, 3)]
        case PolicySpec():
            return ["Policy", _place(item.location), *_after(item, 1)]
        case _:
            assert_never(item)


def unpacked(data: list[Any], file: str) -> Declared:
    """Return what was packed, in this file; raises ValueError, TypeError or IndexError for what never was."""
    match data:
        case ["Resource", *fields]:
            return _made(fields, file)
        case ["Host", name, url, place, labels, token, headers, *others]:
            where = Location(file, *place)
            return HostSpec(HostName(name), url, where, _pairs(labels), token, _pairs(headers), *others)
        case ["Policy", place, *others]:
            return PolicySpec(Location(file, *place), *others)
        case _:
            raise ValueError("nothing that is declared")


def _resource(item: Resource) -> list[object]:
    return [
        item.kind.value,
        _name(item.name),
        _place(item.location),
        [_reference(one) for one in item.sources],
        _name(item.base) if item.base is not None else None,
        _place(item.base_location) if item.base_location is not None else None,
        _reference(item.adapter) if item.adapter is not None else None,
        None if item.overlay.empty else _after(item.overlay, 0),
        item.hosts.match_labels,
        item.lifecycle.protect,
        item.labels,
        _after(item.test, 0) if item.test is not None else None,
    ]


def _made(fields: list[Any], file: str) -> Resource:
    kind, name, place, sources, base, base_place, adapter, overlay, hosts, protect, labels, test = fields
    return Resource(
        Kind(kind),
        _named(name),
        Location(file, *place),
        tuple([_referring(one, file) for one in sources]),
        _named(base) if base is not None else None,
        Location(file, *base_place) if base_place is not None else None,
        _referring(adapter, file) if adapter is not None else None,
        _laid(overlay) if overlay is not None else _NO_OVERLAY,
        HostSelector(_pairs(hosts)) if hosts else _EVERY_HOST,
        Lifecycle(protect) if protect else _NOT_PROTECTED,
        _pairs(labels),
        ModelTest(*test) if test is not None else None,
    )


def _laid(data: list[Any]) -> Overlay:
    system, template, parameters, messages, licenses, *others = data
    return Overlay(system, template, _frozen(parameters), _pairs(messages), tuple(licenses), *others)


def _reference(ref: SourceRef) -> list[object]:
    return [ref.type, ref.options, _place(ref.location), ref.wanted]


def _referring(data: list[Any], file: str) -> SourceRef:
    kind, options, place, wanted = data
    return SourceRef(kind, _frozen(options), Location(file, *place), wanted)


def _name(name: ModelName) -> list[object]:
    return [name.hub, name.namespace, name.model, name.tag]


def _named(parts: list[str]) -> ModelName:
    return ModelName(*parts)


def _place(location: Location) -> tuple[int, int]:
    return location.line, location.column


def _pairs(data: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple([(key, value) for key, value in data])


def _frozen(data: list[Any]) -> tuple[Any, ...]:
    """Return facts: every list in them was a tuple."""
    return tuple([_frozen(item) if isinstance(item, list) else item for item in data])


def _after(item: HostSpec | PolicySpec | Overlay | ModelTest, first: int) -> list[object]:
    """Return the fields of a dataclass from one of them on."""
    return [getattr(item, name) for name in item.__slots__[first:]]
