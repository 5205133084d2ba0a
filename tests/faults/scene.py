"""The scene of every fault: a host with an old model, manifests that ask for a new one, and a run that is disturbed.

However it goes wrong, the same is asked afterwards: does the old model still answer `show`, does the
next apply make the new one, is the plan after it empty, and is nothing left over?
"""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Protocol

from reconciler.core.decide import Policy
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.outcome import RunResult
from reconciler.core.plan import Plan
from reconciler.core.steps import is_staging
from reconciler.errors import HostRejected, ReconcilerError
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.manifest.load import load
from reconciler.ports import RecordStore, Run, Source
from reconciler.registry.postgres import PostgresDatabase
from reconciler.registry.sql_store import SqlStore
from reconciler.registry.sqlite_file import SqliteFile, utc_now
from reconciler.sources import Context, FileCache
from reconciler.sources import load as load_source
from reconciler.transport import Http
from reconciler.workflow.apply import apply
from reconciler.workflow.crew import Workshop
from reconciler.workflow.leases import Terms
from reconciler.workflow.propose import World, propose
from reconciler.workflow.selection import Selection
from tests.faults.gate import Gate
from tests.workflow.conftest import Ear, FixedClock

HOST = HostName("a")
_numbers = count(1)


class Server(Protocol):
    """A host to work on: real or fake."""

    url: str


class Content(Protocol):
    """Where the content of the model comes from."""

    environ: Mapping[str, str]

    def declare(self, folder: Path, name: str, version: str, seed: int) -> None:
        """Write the manifest of the model: its system prompt is `version`, its weights hang on `seed`."""


@dataclass(frozen=True)
class Seen:
    """What a user would have seen: the exit status, where there was a process, and the words."""

    words: str
    status: int | None = None

    def __str__(self) -> str:
        return self.words if self.status is None else f"exit {self.status}" + (f": {self.words}" if self.words else "")


@dataclass
class Scene:
    """One host behind a gate, one model, one registry."""

    folder: Path
    server: Server
    content: Content
    gate: Gate
    name: str = field(default_factory=lambda: f"f{next(_numbers)}-{os.getpid()}")
    tag: str = ""  # the name on the host; empty where it is `name`
    postgres: str = ""  # the address of the registry; empty where it is a file
    offset: timedelta = timedelta()
    silence: float = 5.0  # seconds without a byte that a run in this process takes for a fault
    pause: float = 0.02  # seconds between two tries in this process
    stop: Event = field(default_factory=Event)
    ear: Ear = field(default_factory=Ear)

    def __post_init__(self) -> None:
        self.manifests, self.cache = self.folder / "manifests", self.folder / "cache" / "reconciler"
        self.registry = self.folder / "state" / "registry.db"
        self.environ: dict[str, str] = dict(self.content.environ)
        self.seed = 1000 * next(_numbers)
        self.manifests.mkdir()
        self.declare("old")

    @property
    def model(self) -> ModelName:
        return ModelName.parse(self.tag or self.name)

    def declare(self, version: str) -> None:
        """Ask for another version of the model, with other weights."""
        self.seed += 1
        self.content.declare(self.manifests, self.name, version, self.seed)

    def host(self) -> OllamaHost:
        """Return the host."""
        http = Http(connect_timeout=1, stall_timeout=self.silence)
        return OllamaHost(HOST, self.gate.url, http, patience=self.silence, callback="127.0.0.1")

    def store(self) -> RecordStore:
        """Return the registry; a file is on a clock that is `offset` away from the real one."""
        if self.postgres:
            return SqlStore(PostgresDatabase(self.postgres, lambda: "lineage"))
        return SqlStore(SqliteFile(self.registry, lambda: "lineage", lambda: utc_now() + self.offset))

    def plan(self) -> Plan:
        plan, _, store = self._propose()
        store.close()
        return plan

    def apply(self, plan: Plan | None = None, *, wait: float = 0.0) -> RunResult:
        """Apply in this process, with short pauses."""
        made, world, store = self._propose()
        shop = Workshop(
            *(world.hosts, world.sources, store, self.ear, FixedClock(), 4, self.stop),
            *(lambda tries: self.pause, Terms(wait)),
        )
        run = Run(f"run-{next(_numbers)}", shop.clock.now(), made.fingerprint, "me@here")
        with closing(store):
            return apply(plan or made, shop, run)

    def seen(self) -> Seen:
        """Apply in this process, and return what there was to be seen."""
        try:
            result = self.apply()
        except ReconcilerError as error:
            return Seen(f"{type(error).__name__}: {error}")
        if not result.outcomes:
            return Seen("nothing was done" if not result.complete else "in sync")
        return Seen("; ".join(f"{item.status}: {item.message or 'in full'}" for item in result.outcomes))

    @contextmanager
    def process(self, *words: str, shell: tuple[str, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
        """Give an apply in a process of its own."""
        registry = self.postgres or f"sqlite://{self.registry}"
        command = [*shell, sys.executable, "-m", "reconciler", "--registry", registry]
        environ = {**os.environ, **self.environ, "XDG_CACHE_HOME": str(self.cache.parent)}
        with subprocess.Popen(
            [*command, "apply", str(self.manifests), *(words or ("--auto-approve",))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def ended(self, process: "subprocess.Popen[str]") -> Seen:
        """Wait for a process, and return what it left behind."""
        _, err = process.communicate(timeout=60)
        said = dict.fromkeys(re.findall(r'error(?:="|=|: )([^"\n]+)', err))
        assert "Traceback" not in err, err
        return Seen(" ".join(said), process.returncode)

    def wait_for_download(self) -> None:
        """Wait until a part of a download has arrived on our disk."""
        self.wait_until(lambda: any(part.stat().st_size for part in (self.cache / "downloads").glob("*.part")))

    def wait_until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so, at most 20 seconds."""
        deadline = time.monotonic() + 20
        while not so():
            assert time.monotonic() < deadline, "what was waited for did not come"
            time.sleep(0.02)

    def history(self) -> str:
        """Return how the latest run ended and what came of its changes, as it is on record."""
        with closing(self.store()) as store:
            run = store.runs(1)[0]
            told = [f"{event.outcome.action} {event.outcome.status}" for event in store.events(run.id)]
        return f"on record: run {run.status}, {', '.join(told) or 'nothing'}"

    def answers(self) -> str:
        """Return the system prompt that the host shows now, or the status of its refusal."""
        try:
            return str(dict(self.host().show(self.model)).get("system", ""))
        except HostRejected as error:
            return f"show says {error.status}"

    def held_elsewhere(self) -> None:
        """Let the leases be those of a run of which nothing can be told here, as on another machine."""
        with closing(sqlite3.connect(self.registry)) as connection, connection:
            connection.execute("UPDATE leases SET actor = 'ann@elsewhere'")

    def left_over(self) -> list[str]:
        """Return what should not be there: staging names, names on the journal, leases, runs that seem to go on."""
        with closing(self.store()) as store:
            found = [str(item.name) for item in store.leftovers(HOST)]
            found += [lease.resource for lease in store.leases()]
            found += [run.id for run in store.runs(20) if run.status == "running"]
        return found + [str(live.address.model) for live in self.host().models() if self._is_ours(live.address)]

    def converges(self) -> str:
        """Apply and plan again; returns `in sync`, or what is wrong."""
        self.stop.clear()
        result = self.apply()
        plan = self.plan()
        if not result.good:
            return f"the next apply failed: {result}"
        if plan.pending or plan.refused or not plan.complete:
            return f"the plan after it is not empty: {plan}"
        left = self.left_over()
        return f"left over: {left}" if left else "in sync" if self.answers() == "new" else "not the new model"

    def _is_ours(self, address: Address) -> bool:
        return is_staging(address.model)

    def _propose(self) -> tuple[Plan, World, RecordStore]:
        http = Http(connect_timeout=1, stall_timeout=self.silence)
        context = Context(http, FileCache(self.cache / "answers"), self.cache / "downloads", self.environ)

        def source(kind: str) -> Source:
            return load_source(kind, context)

        store = self.store()
        world = World({HOST: self.host()}, (), source, store.read())
        return propose(load([self.manifests]).manifests, world, Selection(), Policy()), world, store


@contextmanager
def scene(folder: Path, server: Server, content: Content, *, bare: bool = False) -> Iterator[Scene]:
    """Give a scene on which the old model was applied and the new one is declared; a `bare` one has no old model."""
    from tests.manifests import host

    with ExitStack() as stack:
        gate = stack.enter_context(Gate(server.url))
        made = Scene(folder, server, content, gate)
        host(made.manifests, HOST, gate.url)
        assert bare or made.apply().good
        made.declare("new")
        yield made
