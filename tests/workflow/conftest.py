"""Whole runs over real HTTP and a real store, against fake servers that can be made to fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from reconciler.core.decide import Policy
from reconciler.core.names import HostName, ModelName
from reconciler.core.outcome import RunResult
from reconciler.core.plan import Plan
from reconciler.core.resource import HostSpec, Manifests
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.manifest.load import load
from reconciler.ports import RecordStore, Run, Source
from reconciler.registry.store import open_store
from reconciler.sources import Context
from reconciler.sources import load as load_source
from reconciler.sources._files.cache import FileCache
from reconciler.transport import Http
from reconciler.workflow.apply import apply
from reconciler.workflow.crew import Workshop
from reconciler.workflow.leases import Terms
from reconciler.workflow.propose import World, propose
from reconciler.workflow.resolve import Locking
from reconciler.workflow.selection import Selection
from tests.core.builders import HERE
from tests.fakes.hf_server import HubServer
from tests.fakes.oci_server import OciServer
from tests.fakes.ollama_server import FakeOllama

if TYPE_CHECKING:
    from tests.workflow.upstream import Upstream


class FixedClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> str:
        return "2026-01-01T00:00:00.000Z"

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Ear:
    """A listener that remembers."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    def bind(self, **facts: object) -> "Ear":
        return Ear(self.events, {**self.facts, **facts})

    def event(self, level: str, name: str, **facts: object) -> None:
        self.events.append((name, {**self.facts, **facts}))

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        """Progress is not looked at here."""

    def finished(self, task: str) -> None:
        """Nor its end."""


@dataclass
class Site:
    """Manifests in a folder, hosts, and a store: everything that a run needs."""

    folder: Path
    servers: dict[str, FakeOllama]
    store: RecordStore
    ear: Ear = field(default_factory=Ear)
    stop: Event = field(default_factory=Event)
    runs: Iterator[int] = field(default_factory=lambda: count(1))
    environ: dict[str, str] = field(default_factory=dict)  # what the sources see of it
    locking: Locking = field(default_factory=Locking)
    callback: str = "127.0.0.1"  # where hosts reach us
    passing: bool = False  # downloads go through memory

    @property
    def manifests(self) -> Manifests:
        specs = tuple(HostSpec(HostName(name), server.url, HERE) for name, server in self.servers.items())
        return Manifests(load([self.folder]).manifests.resources, specs)

    def world(self) -> World:
        http = Http(stall_timeout=5)
        hosts = {
            HostName(name): OllamaHost(HostName(name), server.url, http, patience=5, callback=self.callback)
            for name, server in self.servers.items()
        }
        folder = self.folder.parent
        context = Context(http, FileCache(folder / "cache"), folder / "downloads", self.environ)

        @cache
        def source(kind: str) -> Source:
            return load_source(kind, context)

        return World(hosts, (), source, self.store.read(), self.locking)

    def plan(self, *targets: str, policy: Policy = Policy()) -> Plan:
        chosen = Selection(frozenset(ModelName.parse(name) for name in targets))
        return propose(self.manifests, self.world(), chosen, policy)

    def apply(self, plan: Plan | None = None) -> RunResult:
        made, world = plan or self.plan(), self.world()
        who = (world.hosts, world.sources, self.store, self.ear, FixedClock())
        shop = Workshop(*who, 4, self.stop, lambda tries: 0.0, Terms(), self.passing)
        return apply(made, shop, Run(f"run-{next(self.runs)}", shop.clock.now(), made.fingerprint, "me@here"))

    def in_sync(self) -> bool:
        """Tell whether a new plan finds nothing to do and nothing wrong."""
        plan = self.plan()
        return not plan.pending and not plan.refused and plan.complete


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a site with one host, `a`."""
    with FakeOllama() as server:
        yield site_of(tmp_path, {"a": server})


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Site]:
    """Give a site with two hosts, `a` and `b`."""
    with FakeOllama() as first, FakeOllama() as second:
        yield site_of(tmp_path, {"a": first, "b": second})


@pytest.fixture
def upstream(site: Site, tmp_path: Path) -> Iterator["Upstream"]:
    """Give a site with one host, whose models come from hubs that hosts can pull from."""
    with _hubs(site, tmp_path) as made:
        yield made


@pytest.fixture
def upstream_of_two(two: Site, tmp_path: Path) -> Iterator["Upstream"]:
    """Give a site with two hosts, whose models come from hubs that hosts can pull from."""
    with _hubs(two, tmp_path) as made:
        yield made


@pytest.fixture
def moved(upstream: "Upstream") -> "Upstream":
    """Give a site whose model is locked and not there yet, and moved upstream since."""
    upstream.publish(system="locked")
    upstream.declare()
    upstream.lock()
    upstream.publish(weights="2", system="new")
    return upstream


@contextmanager
def _hubs(site: Site, tmp_path: Path) -> Iterator["Upstream"]:
    from tests.workflow.upstream import Upstream

    layers = tmp_path / "layers"
    layers.mkdir()
    with OciServer() as oci, HubServer(tmp_path / "hub") as hub:
        oci.location = True
        site.environ = {"HF_ENDPOINT": hub.url}
        yield Upstream(site, oci, hub, layers)


def site_of(place: Path, servers: dict[str, FakeOllama]) -> Site:
    """Return a site with these hosts, its files in an empty folder."""
    folder = place / "manifests"
    folder.mkdir()
    return Site(folder, servers, open_store(f"sqlite://{place}/registry.db", lineage=lambda: "lineage"))
