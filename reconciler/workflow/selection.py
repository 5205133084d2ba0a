"""Which part of the whole a command is about."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName, ModelName
from reconciler.core.resource import Manifests, Resource
from reconciler.core.state import Observed, RecordedState, Unobserved


@dataclass(frozen=True, slots=True)
class Selection:
    """Names of models and hosts; none means all."""

    targets: frozenset[ModelName] = frozenset()
    hosts: frozenset[HostName] = frozenset()

    def with_bases(self, resources: Iterable[Resource]) -> "Selection":
        """Return the selection with everything that its targets are built on."""
        bases = {item.name: item.base for item in resources if item.base is not None}
        found: set[ModelName] = set()
        waiting = list(self.targets)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend({bases[name]} if name in bases else ())
        return replace(self, targets=frozenset(found))

    def has_model(self, name: ModelName) -> bool:
        """Tell whether a model is selected, on whatever host."""
        return not self.targets or name in self.targets

    def has_host(self, name: HostName) -> bool:
        """Tell whether a host is selected."""
        return not self.hosts or name in self.hosts

    def of_manifests(self, manifests: Manifests) -> Manifests:
        """Return the selected part of what is declared."""
        return Manifests(
            tuple(item for item in manifests.resources if self.has_model(item.name)),
            tuple(item for item in manifests.hosts if self.has_host(item.name)),
            manifests.policy,
        )

    def of_records(self, recorded: RecordedState) -> RecordedState:
        """Return the selected part of what is on record."""
        chosen = (item for item in recorded.records if self.has_model(item.address.model))
        return replace(recorded, records=tuple(item for item in chosen if self.has_host(item.address.host)))

    def of_host(self, host: Observed | Unobserved) -> Observed | Unobserved:
        """Return the selected part of what a host reports."""
        if isinstance(host, Unobserved):
            return host
        return replace(host, models=tuple(item for item in host.models if self.has_model(item.address.model)))
