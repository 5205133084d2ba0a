"""Surveying: one host is read so that what is on it can be declared. Nothing is written.

Its models are looked for on their hubs first; only those that are not there as they are need be shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.core.diagnostics import Location
from reconciler.core.exported import Asked, Exported, Known, exported
from reconciler.core.facts import Facts
from reconciler.core.names import DEFAULT_HUB, ModelName
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import SourceRef
from reconciler.core.state import Live
from reconciler.core.steps import is_staging
from reconciler.errors import HostRejected, ResolutionError
from reconciler.ports import Host, Source
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.resolve import told

Listed = Mapping[ModelName, Live]
Above = tuple[Asked, Facts | None]  # a parent that is not on the host: what its name means, and consists of


def listed(host: Host) -> Listed:
    """Return the models of a host by name, without what a run has left under temporary names; raises HostError."""
    return {live.address.model: live for live in host.models() if not is_staging(live.address.model)}


def survey(
    host: Host, there: Listed, wanted: Collection[ModelName], hub: Source, fleet: Fleet, known: Sequence[Exported] = ()
) -> tuple[Exported, ...]:
    """Return what declares each wanted model of those that are `there`, sorted by name; raises HostError.

    `known` ones are as they are and among them; `hub` is the source that the names of the others are asked of.
    """
    where = Location(f"host {host.name}")
    declared = {item.name for item in known}
    wanted = [name for name in wanted if name not in declared]
    digests = {there[name].digest for name in wanted}
    alike = sorted(name for name, live in there.items() if live.digest in digests)
    asking = _Hubs(hub, where)
    asked = dict(fleet.every(asking.ask, alike))
    found = [Known(there[name], asked[name]) for name in wanted]
    shown = dict(fleet.every(lambda model: _shown(host, model), (item for item in found if not _pulled(item))))
    models = [shown.get(item, item) for item in found]
    bases = {item.parent for item in models if item.parent is not None}
    seen: Mapping[ModelName, Facts | None] = {item.live.address.model: item.live.facts for item in shown.values()}
    bare = sorted((bases & there.keys()) - seen.keys())
    below = {**seen, **dict(fleet.every(lambda name: _facts(host, name), bare))}
    above = dict(fleet.every(asking.consists, sorted(bases - there.keys())))
    twins = {item.live.address.model: twin for item in found if (twin := _twin(item, there, asked)) is not None}
    return exported([_on_its_parent(item, below, above) for item in models], twins, where, known)


def _pulled(item: Known) -> bool:
    return item.own.offers(item.live)


class _Hubs:
    """The hubs that names are looked for on; one that does not answer is not asked again."""

    def __init__(self, source: Source, where: Location) -> None:
        self._source, self._where = source, where
        self._silent: dict[str, Unpinned] = {}

    def ask(self, name: ModelName) -> Asked:
        """Return what a name means on its hub, asked over plain http as well where that speaks nothing else."""
        hub = name.hub.lower()
        secure = SourceRef("ollama", (("name", str(name)),), self._where)
        asked = Asked(secure, self._silent.get(hub) or self._answer(secure))
        if _is_silent(asked) and hub != DEFAULT_HUB and hub not in self._silent:
            plain = replace(secure, options=(("insecure", True), *secure.options))
            other = Asked(plain, self._answer(plain))
            asked = asked if _is_silent(other) else other
        if isinstance(asked.answer, Unpinned) and _is_silent(asked):
            self._silent[hub] = asked.answer
        return asked

    def consists(self, name: ModelName) -> Above:
        """Return what a name means on its hub, and what that consists of."""
        asked = self.ask(name)
        try:
            pull = asked.answer.pull if isinstance(asked.answer, Pinned) else None
            return asked, self._source.describe(pull) if pull is not None else None
        except ResolutionError:
            return asked, None

    def _answer(self, ref: SourceRef) -> Pinned | Unpinned:
        try:
            return self._source.resolve(ref)
        except ResolutionError as error:
            return Unpinned(ref, told(error), error.hint, error.retryable)


def _is_silent(asked: Asked) -> bool:
    return isinstance(asked.answer, Unpinned) and asked.answer.retryable


def _shown(host: Host, item: Known) -> Known:
    """Return a model with what it consists of and what it says it was built on."""
    name = item.live.address.model
    try:
        facts, parent = host.show_with_parent(name)
        return replace(item, live=replace(item.live, facts=facts), parent=parent)
    except HostRejected as error:
        return replace(item, trouble=f"the host can't show it: {error.message}")


def _facts(host: Host, name: ModelName) -> Facts | None:
    try:
        return host.show(name)
    except HostRejected:
        return None


def _on_its_parent(item: Known, below: Mapping[ModelName, Facts | None], above: Mapping[ModelName, Above]) -> Known:
    if item.parent is None:
        return item
    asked, consists = above.get(item.parent, (None, below.get(item.parent)))
    return replace(item, above=asked, below=consists)


def _twin(item: Known, there: Listed, asked: Mapping[ModelName, Asked]) -> Asked | None:
    """Return the name on a hub of another model with the same content, the first in the alphabet."""
    same = (asked[name] for name in sorted(asked) if there[name].digest == item.live.digest)
    return next((found for found in same if found.offers(item.live)), None)
