"""The three states that a plan compares: desired (manifests), live (hosts), recorded (our registry)."""

from reconciler.core.chain import Tried
from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest, Fingerprint
from reconciler.core.facts import Facts
from reconciler.core.frozen import dataclass
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.resource import Kind, ModelTest, SourceRef
from reconciler.core.steps import Step


@dataclass(frozen=True, slots=True)
class Desired:
    """What should be at one address, concretely."""

    address: Address
    kind: Kind
    fingerprint: Fingerprint  # of `content`
    content: Facts
    source: str  # the source type; `build` for a FineTune
    reference: str  # how people name where it comes from
    provenance: Facts
    steps: tuple[Step, ...]
    location: Location
    foretold: tuple[Digest, ...] = ()  # the digests that the host may report; empty where none can be known
    base: Address | None = None  # absent unless built on another model of the same host
    protect: bool = False
    ref: SourceRef | None = None  # to ask again, right before a pull, what it means; absent for a build
    below: Facts | None = None  # what the pull consists of that this is laid over; absent unless it was asked for
    locked: bool = False  # its content is what the lock says, whatever upstream offers now
    offered: Pinned | None = None  # what upstream offers instead of what is locked; absent where it is the same
    unchecked: str = ""  # why upstream could not say what it offers instead; empty where it could
    sources: tuple[Tried, ...] = ()  # of which it is taken from one; empty where there is no choice
    test: ModelTest | None = None  # no part of its content: a test that changed is asked when the model is next made
    warnings: tuple[str, ...] = ()  # what may not work, sorted; looked for only where it has to be brought to the host


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A declared address whose content could not be determined: neither desired nor undeclared."""

    address: Address
    kind: Kind
    message: str
    hint: str
    location: Location
    base: Address | None = None
    unlocked: bool = False  # a reference of it has to be in the lock, and is not
    too_old: bool = False  # its content is known, and its host lacks what making it takes
    sources: tuple[Tried, ...] = ()  # of which none is taken; empty where there is no choice


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What the manifests ask for, on every selected host; sorted by address."""

    entries: tuple[Desired, ...]
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """What a host reports about one model."""

    address: Address
    digest: Digest
    size: int  # bytes of all its layers, shared ones included
    facts: Facts | None = None  # what it consists of; absent unless the host was asked to show it


@dataclass(frozen=True, slots=True)
class Observed:
    """A host that answered, completely."""

    host: HostName
    url: str
    version: str
    models: tuple[Live, ...]


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A host that did not: nothing is known about it, which is not the same as empty."""

    host: HostName
    url: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What all the hosts report; sorted by host."""

    hosts: tuple[Observed | Unobserved, ...]

    @property
    def observed(self) -> tuple[Observed, ...]:
        """Return the hosts that answered."""
        return tuple(host for host in self.hosts if isinstance(host, Observed))

    @property
    def unobserved(self) -> tuple[Unobserved, ...]:
        """Return the hosts that did not."""
        return tuple(host for host in self.hosts if isinstance(host, Unobserved))

    @property
    def models(self) -> dict[Address, Live]:
        """Return every model on every observed host by its address."""
        return {live.address: live for host in self.observed for live in host.models}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What we last applied at one address, and what the host reported right after."""

    address: Address
    kind: Kind
    fingerprint: Fingerprint
    content: Facts
    source: str
    reference: str
    provenance: Facts
    digest: Digest  # what the host reported
    facts: Facts  # what the host showed; empty where it was adopted unseen
    size: int  # bytes
    applied_at: str  # ISO 8601, UTC
    base: ModelName | None = None  # kept so that deletes can be ordered after the manifest is gone
    base_digest: Digest | None = None  # what the base was when this was built; absent without a base
    protect: bool = False
    sources: tuple[Tried, ...] = ()  # how its sources fared when it was applied; empty where there was no choice
    untested: bool = False  # it has yet to pass the test that was declared when it was made

    @property
    def as_found(self) -> bool:
        """Tell whether it was taken over as it was, so that nobody knows what it was made of."""
        return not self.content

    @classmethod
    def of(cls, made: Desired, live: Live, base: Digest | None, at: str) -> "Recorded":
        """Return the record of `made`, read back as `live` at the time `at`, built on a base with this digest."""
        return cls(
            made.address,
            made.kind,
            made.fingerprint,
            made.content,
            made.source,
            made.reference,
            made.provenance,
            digest=live.digest,
            facts=live.facts or (),
            size=live.size,
            applied_at=at,
            base=made.base.model if made.base else None,
            base_digest=base,
            protect=made.protect,
            sources=made.sources,
        )


@dataclass(frozen=True, slots=True)
class RecordedState:
    """Everything in our registry; `lineage` tells one registry from another, `serial` counts its writes."""

    lineage: str
    serial: int
    records: tuple[Recorded, ...] = ()

    @property
    def by_address(self) -> dict[Address, Recorded]:
        """Return the records by their address."""
        return {record.address: record for record in self.records}
