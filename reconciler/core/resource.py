"""A manifest entry as data: what somebody wants, before anything was looked up."""

from dataclasses import field
from enum import StrEnum

from reconciler.core.diagnostics import Location
from reconciler.core.facts import Fact, Facts
from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName, ModelName

Labels = tuple[tuple[str, str], ...]


class Kind(StrEnum):
    """The kinds of resource that become a model on a host."""

    MODEL = "Model"
    FINE_TUNE = "FineTune"


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A reference to content, of a source type, as its schema allows it."""

    type: str
    options: tuple[tuple[str, Fact], ...]  # paths of local files are absolute and inside the manifest's folder
    location: Location = field(compare=False)  # two references that say the same are the same, wherever they stand
    wanted: str = "model"  # or "adapter": what it has to bring


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is laid over the weights or the base; None and empty mean "not declared"."""

    system: str | None = None
    template: str | None = None
    parameters: Facts = ()
    messages: tuple[tuple[str, str], ...] = ()  # (role, content)
    license: tuple[str, ...] = ()
    quantize: str | None = None
    renderer: str | None = None  # names of what hosts use instead of the template
    parser: str | None = None

    @property
    def empty(self) -> bool:
        """Tell whether nothing at all is laid over."""
        return self == Overlay()


@dataclass(frozen=True, slots=True)
class HostSelector:
    """Which hosts a resource is for; no labels means every host."""

    match_labels: Labels = ()

    def matches(self, labels: Labels) -> bool:
        """Tell whether a host with these labels is selected."""
        return set(self.match_labels) <= set(labels)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What may never happen to a model, whatever else is asked for."""

    protect: bool = False  # never deleted


@dataclass(frozen=True, slots=True)
class ModelTest:
    """What a model is asked once it is made: to go on from a prompt, or how many dimensions its embeddings have."""

    prompt: str = ""  # empty where embeddings are counted
    expect: str = ""  # a text that the answer must hold; empty where embeddings are counted
    dimensions: int | None = None  # of an embedding; None for a model that answers in words
    timeout: int = 300  # seconds in all, loading the model included
    rollback: bool = False  # ask before the model gets its name, so that the one before stays if this one fails


@dataclass(frozen=True, slots=True)
class Resource:
    """One model that should exist on some hosts: from one of its sources, or built on a base, never both."""

    kind: Kind
    name: ModelName
    location: Location
    sources: tuple[SourceRef, ...] = ()  # tried in order, and mostly just one; empty for a FineTune
    base: ModelName | None = None  # absent for a Model
    base_location: Location | None = None  # where the base is named; absent for a Model
    adapter: SourceRef | None = None
    overlay: Overlay = Overlay()
    hosts: HostSelector = HostSelector()
    lifecycle: Lifecycle = Lifecycle()
    labels: Labels = ()
    test: ModelTest | None = None  # absent where nothing is asked

    @property
    def chains(self) -> tuple[tuple[SourceRef, ...], ...]:
        """Return the references of which one each must be pinned before this resource can be planned."""
        return tuple(chain for chain in (self.sources, (self.adapter,) if self.adapter else ()) if chain)


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A declared host; secrets are named by environment variable and never held here."""

    name: HostName
    url: str
    location: Location
    labels: Labels = ()
    bearer_token_env: str | None = None
    header_env: Labels = ()  # (header, environment variable)
    ca_file: str | None = None  # absolute path of a PEM file inside the manifest's folder
    storage_budget: int | None = None  # bytes that its models may take; absent for as many as it can hold


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A declared policy; None means that nothing is said."""

    location: Location
    prune: str = "never"  # or owned
    deletes: int | None = None  # models
    delete_share: float | None = None  # of the models that we own or declare on a host
    updates: int | None = None  # models
    transfer: int | None = None  # bytes
    require_lock: bool = False  # a reference that is not in the lock is refused


Declared = Resource | HostSpec | PolicySpec


@dataclass(frozen=True, slots=True)
class Manifests:
    """Everything that a set of manifest files declares."""

    resources: tuple[Resource, ...]
    hosts: tuple[HostSpec, ...]
    policy: PolicySpec | None = None  # absent where none is declared
