"""Order: changes into stages. Bases before what is built on them, deletes last and the other way round."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from reconciler.core.change import Action, Change
from reconciler.core.names import Address
from reconciler.errors import DependencyCycle


def stages(changes: Iterable[Change]) -> tuple[tuple[Change, ...], ...]:
    """Return the pending changes in stages; within a stage no change needs another, and addresses are sorted.

    Raises DependencyCycle, with the models that need each other, for builds that do.
    """
    pending = {change.address: change for change in changes if change.pending}
    makes = {address: change for address, change in pending.items() if change.action is not Action.DELETE}
    deletes = {address: change for address, change in pending.items() if change.action is Action.DELETE}
    needs = {address: _base_of(change, makes) for address, change in makes.items()}
    frees: dict[Address, set[Address]] = {address: set() for address in deletes}
    for address, change in deletes.items():
        for base in _base_of(change, deletes):
            frees[base].add(address)
    return (*_layers(makes, needs), *_layers(deletes, frees))


def _base_of(change: Change, among: dict[Address, Change]) -> set[Address]:
    if change.base is None:
        return set()
    base = Address(change.address.host, change.base)
    return {base} if base in among else set()


def _layers(changes: dict[Address, Change], needs: dict[Address, set[Address]]) -> tuple[tuple[Change, ...], ...]:
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as cycle:
        names = " → ".join(str(address) for address in cycle.args[1])
        raise DependencyCycle(f"these models are built from each other: {names}", hint="break the circle") from cycle
    found: list[tuple[Change, ...]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.append(tuple(changes[address] for address in ready))
        sorter.done(*ready)
    return tuple(found)
