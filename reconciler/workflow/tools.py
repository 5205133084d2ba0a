"""What the execution of a change works with, and what its tries leave behind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from threading import Event

from reconciler.core.digest import Digest
from reconciler.core.facts import Facts
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.ports import Clock, Host, Listener, Sources
from reconciler.workflow.transfer import Transfers


@dataclass(frozen=True, slots=True)
class Traces:
    """What the tries of one change leave on the host."""

    built: set[Digest] = field(default_factory=set)  # content that was copied over the real name, or may have been
    passed: set[Digest] = field(default_factory=set)  # content that has passed its test
    shown: dict[ModelName, Facts] = field(default_factory=dict)  # what was read back of temporary names
    facts: dict[Digest, Facts] = field(default_factory=dict)  # the same by the digest that the host lists it with
    kept: set[ModelName] = field(default_factory=set)  # temporary names that may still be there


@dataclass(frozen=True, slots=True)
class Tools:
    """What the execution of a change works with."""

    host: Host
    sources: Sources
    transfers: Transfers
    listener: Listener
    clock: Clock
    stop: Event  # set once somebody wants the run to end
    journal: Callable[[Sequence[ModelName]], None]  # puts the names on record that are to be made and removed again
    made: Mapping[ModelName, Digest]  # what earlier changes of this run left on the host
    traces: Traces
    since: float  # when the turn of this host began, by the clock's own count of seconds
