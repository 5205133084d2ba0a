"""Expansion: resources, hosts and pinned references become the desired state, one entry per address."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypedDict

from reconciler.core.abilities import ADAPTED
from reconciler.core.chain import Pins, choose, none_taken
from reconciler.core.digest import canonical, fingerprint
from reconciler.core.facts import Facts
from reconciler.core.names import DEFAULT_TAG, Address, HostName, ModelName
from reconciler.core.resolution import Pinned, Unpinned, content_of, steps_for
from reconciler.core.resource import HostSpec, Resource, SourceRef
from reconciler.core.state import Desired, DesiredState, LiveState, Unresolved
from reconciler.core.steps import Content, Delete, Step, converted

BUILD = "build"  # the source of a resource that stands on a base instead of a source of its own

_MIXED_UP = {
    "model": "an adapter belongs under `adapter` of a FineTune",
    "adapter": "a model belongs under `source` of a Model",
}


_Pair = tuple[Pinned | None, Pinned | None]  # of the source and of the adapter


class _Standing(TypedDict):
    locked: bool
    offered: Pinned | None
    unchecked: str


class _Missing(Exception):
    """Why a resource cannot be made concrete on one host; never leaves this module."""

    def __init__(self, message: str, hint: str, *, in_base: bool = False, unlocked: bool = False) -> None:
        super().__init__(message)
        self.message, self.hint, self.in_base, self.unlocked = message, hint, in_base, unlocked


def expand(resources: Iterable[Resource], hosts: Iterable[HostSpec], pins: Pins, live: LiveState) -> DesiredState:
    """Return what should be on every observed host; `pins` must hold every reference of every resource.

    A build's content includes its base's: the base's fingerprint where the base is declared for
    that host too, so that a whole chain can be planned before any of it exists; the digest that
    the host reports where it is not.
    """
    entries: list[Desired] = []
    unresolved: list[Unresolved] = []
    models = {address: str(model.digest) for address, model in live.models.items()}
    observed = {host.host for host in live.observed}
    for host in hosts:
        if host.name not in observed:
            continue
        chosen = {item.name: item for item in resources if item.hosts.matches(host.labels)}
        made = _Host(host.name, chosen, pins, {a.model: mark for a, mark in models.items() if a.host == host.name})
        for name in chosen:
            entry = made.entry(name)
            if isinstance(entry, Desired):
                entries.append(entry)
            else:
                unresolved.append(entry)
    return DesiredState(tuple(sorted(entries, key=_by_address)), tuple(sorted(unresolved, key=_by_address)))


def mixed_up(name: str, holds: str, wanted: str) -> tuple[str, str]:
    """Return message and hint for an adapter where a model belongs, or the other way round."""
    return f"{name} is no {wanted} but one of the kind {holds}", _MIXED_UP[wanted]


def adapts(files: tuple[tuple[str, Content], ...], provenance: Facts) -> frozenset[str]:
    """Return the architectures that an adapter of these files fits; empty where that is not known."""
    own = str(dict(provenance).get("adapter.architecture", ""))
    return ADAPTED if converted(files) else frozenset({own} if own else ())


def unfit_adapter(name: str, fitting: frozenset[str], base: ModelName | None, architecture: str) -> tuple[str, str]:
    """Return message and hint for an adapter of another architecture than its base, or than the model itself."""
    below = f"its base {base}" if base is not None else "the model"
    message = f"{name} is an adapter for {' or '.join(sorted(fitting))}, and {below} is {architecture}"
    return message, "lay it over the model that it was trained on"


class _Host:
    """The expansion of one host, bases before builds, each entry made once."""

    def __init__(
        self, host: HostName, chosen: Mapping[ModelName, Resource], pins: Pins, live: Mapping[ModelName, str]
    ) -> None:
        self._host, self._chosen, self._pins, self._live = host, chosen, pins, live
        self._made: dict[ModelName, Desired | Unresolved] = {}

    def entry(self, name: ModelName) -> Desired | Unresolved:
        """Return the entry for a declared name, making its bases first, from the bottom up."""
        waiting = {name: None}  # in order; a chain of bases may be longer than Python's stack is deep
        below = self._chosen[name].base
        while below is not None and below in self._chosen and below not in self._made and below not in waiting:
            waiting[below] = None
            below = self._chosen[below].base
        for item in reversed(waiting):
            if item not in self._made:
                self._made[item] = self._make(self._chosen[item])
        return self._made[name]

    def _make(self, item: Resource) -> Desired | Unresolved:
        address = Address(self._host, item.name)
        base = Address(self._host, item.base) if item.base is not None else None
        try:
            taken = self._taken(item)
            pinned, adapter = self._pin(taken, "model"), self._pin(item.adapter, "adapter")
            content = self._base_content(item)
            self._check_adapter(item, pinned, adapter)
        except _Missing as missing:
            where = item.base_location if missing.in_base and item.base_location else item.location
            told, tried = (missing.message, missing.hint), choose(item.sources, self._pins).tried
            return Unresolved(address, item.kind, *told, where, base, missing.unlocked, sources=tried)
        return self._desired(item, taken, (pinned, adapter), content)

    def _desired(self, item: Resource, taken: SourceRef | None, pins: _Pair, base: str | None) -> Desired:
        pinned, adapter = pins
        content = content_of(item.overlay, pinned, adapter, base)
        mark = fingerprint([list(pair) for pair in content])
        address = Address(self._host, item.name)
        key = fingerprint(canonical([str(address), mark]))
        steps = steps_for(item.name, item.overlay, pinned, adapter, item.base, key)
        plain = pinned is not None and item.overlay.empty
        return Desired(
            address=address,
            kind=item.kind,
            fingerprint=mark,
            content=content,
            source=taken.type if taken else BUILD,
            reference=_reference(item, pinned, adapter),
            provenance=_provenance(pinned, adapter),
            location=item.location,
            steps=tuple(step for step in steps if not self._spoils(step)),
            foretold=pinned.foretold if plain and pinned else (),
            base=Address(self._host, item.base) if item.base else None,
            protect=item.lifecycle.protect,
            ref=taken,
            sources=choose(item.sources, self._pins).tried,
            test=item.test,
            **_standing(pinned, adapter),
        )

    def _taken(self, item: Resource) -> SourceRef | None:
        """Return the source that the model comes from; None for a build."""
        taken = choose(item.sources, self._pins).taken
        if item.sources and taken is None:
            unlocked = any(isinstance(pin := self._pins[ref], Unpinned) and pin.unlocked for ref in item.sources)
            raise _Missing(*none_taken(item.sources, self._pins), unlocked=unlocked)
        return taken

    def _pin(self, ref: SourceRef | None, wanted: str) -> Pinned | None:
        """Return what a reference was pinned to, if it holds what is wanted: hosts take a mix-up and break later."""
        found = self._pins[ref] if ref is not None else None
        if isinstance(found, Unpinned):
            raise _Missing(found.message, found.hint, unlocked=found.unlocked)
        if found is not None and found.holds not in {"", wanted}:
            raise _Missing(*mixed_up(found.reference, found.holds, wanted))
        return found

    def _base_content(self, item: Resource) -> str | None:
        base = item.base
        if base is None:
            return None
        if base in self._chosen:
            entry = self._made.get(base)
            if not isinstance(entry, Desired):
                unlocked = isinstance(entry, Unresolved) and entry.unlocked
                why = "is not in the lock" if unlocked else "could not be resolved"
                raise _Missing(f"its base {base} {why}", "mend the base first", in_base=True, unlocked=unlocked)
            return entry.fingerprint
        if base in self._live:
            return self._live[base]
        above = {item.name, *(other.name for other in self._chosen.values() if other.base == item.name)}
        known = {*self._chosen, *self._live} - above
        message = f"base {base} is neither declared for host {self._host} nor present on it"
        raise _Missing(message, _nearest(base, known), in_base=True)

    def _check_adapter(self, item: Resource, pinned: Pinned | None, adapter: Pinned | None) -> None:
        """Raise _Missing for an adapter of another architecture than its base: hosts take it, and break later."""
        if adapter is None:
            return
        fitting = adapts(adapter.files, _provenance(None, adapter))
        for known in self._architectures(item, pinned) if fitting else ():
            if known and known not in fitting:
                told = unfit_adapter(adapter.reference, fitting, item.base, known)
                raise _Missing(*told, in_base=item.base is not None)

    def _architectures(self, item: Resource, pinned: Pinned | None) -> Iterator[str]:
        """Yield the architecture of what a resource is made of: its own source, or one base below the other."""
        if pinned is not None:
            yield _architecture(pinned.provenance)
        below = item.base
        while below is not None and isinstance(entry := self._made.get(below), Desired):
            yield _architecture(entry.provenance)
            below = entry.base.model if entry.base else None

    def _spoils(self, step: Step) -> bool:
        """Tell whether a clean-up step would delete a model that is itself declared."""
        return isinstance(step, Delete) and step.unless_there_before and step.name in self._chosen


def _architecture(provenance: Facts) -> str:
    return str(dict(provenance).get("architecture", ""))


def _reference(item: Resource, pinned: Pinned | None, adapter: Pinned | None) -> str:
    """Return how people name where it comes from; the same text means that the same was asked for."""
    below = pinned.reference if pinned else f"from {item.base}"
    return f"{below} with the adapter {adapter.reference}" if adapter else below


def _provenance(pinned: Pinned | None, adapter: Pinned | None) -> Facts:
    own = pinned.provenance if pinned else ()
    laid = tuple((f"adapter.{path}", value) for path, value in adapter.provenance) if adapter else ()
    return (*own, *laid)


def _standing(pinned: Pinned | None, adapter: Pinned | None) -> _Standing:
    """Return how the pins stand to the lock and to upstream; what is offered instead, of the source first."""
    pins = [pin for pin in (pinned, adapter) if pin is not None]
    return {
        "locked": any(pin.locked for pin in pins),
        "offered": next((pin.offered for pin in pins if pin.offered is not None), None),
        "unchecked": next((pin.unchecked for pin in pins if pin.unchecked), ""),
    }


def _nearest(name: ModelName, known: Iterable[ModelName]) -> str:
    """Return a hint that names what is close, or how to go on where nothing is."""
    short = {str(item).removesuffix(f":{DEFAULT_TAG}"): str(item) for item in known}
    close = get_close_matches(str(name).removesuffix(f":{DEFAULT_TAG}"), sorted(short), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(short[item] for item in close)}?"
    return hint if close else "declare it as a Model, or correct the name"


def _by_address(item: Desired | Unresolved) -> Address:
    return item.address
