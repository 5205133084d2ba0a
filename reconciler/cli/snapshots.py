"""Snapshots on the command line: `status --snapshot FILE` takes one, `--live FILE` plans from one."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from reconciler.cli.clock import SystemClock
from reconciler.cli.question import Question
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import Proposal, default_host, open_store, propose_for, proposed, read
from reconciler.core.frozen import dataclass
from reconciler.errors import StalePlan

if TYPE_CHECKING:
    from reconciler.core.names import HostName
    from reconciler.core.resource import HostSpec, Manifests
    from reconciler.core.snapshot import AsOf, Sight, Snapshot
    from reconciler.core.state import RecordedState, Unobserved
    from reconciler.ports import Clock, Host, RecordStore

Result = TypeVar("Result")

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGE = re.compile(f"([0-9]{{1,6}})([{''.join(_SECONDS)}])")
_SKEW = 300  # seconds by which clocks may differ
_ANEW = "`reconciler status --snapshot FILE` takes a new one"


def _age(_ctx: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    found = _AGE.fullmatch(text) if text is not None else None
    if text is not None and found is None:
        raise click.BadParameter(f"{text!r} is no age; 90m, 24h and 7d are")
    return int(found[1]) * _SECONDS[found[2]] if found is not None else None


@dataclass(frozen=True, slots=True)
class Live:
    """Where what a plan needs to know of the hosts comes from."""

    file: Path | None = None  # a snapshot; absent where the hosts are asked
    max_age: int | None = None  # seconds


def live(command: Callable[..., Result]) -> Callable[..., Result]:
    """Return the command with the options `--live` and `--max-age`, which it gets as `live`."""

    @wraps(command)
    def with_live(*args: object, live: Path | None, max_age: int | None, **options: object) -> Result:
        return command(*args, live=Live(live, max_age), **options)

    file = click.option(
        "--live",
        "live",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Ask no host: take what hosts and registry were like from a snapshot that `status --snapshot FILE` took. "
        "What comes of it can't be saved or applied. A registry that is named (--registry) is used all the same.",
    )
    age = click.option(
        "--max-age",
        metavar="AGE",
        callback=_age,
        help="Refuse a snapshot that is older, such as 90m, 24h or 7d. Only with --live.",
    )
    return file(age(with_live))


def propose(question: Question, settings: Settings, live: Live) -> Proposal:
    """Return the plan that answers the question, made from the hosts or from a snapshot.

    Raises StalePlan for a snapshot that is older than it may be.
    """
    if live.file is not None:
        return _propose_from(question, settings, _read(live.file), live.max_age)
    if live.max_age is not None:
        raise click.UsageError("--max-age is about a snapshot: give --live as well")
    return propose_for(question, settings, open_store(settings))


def save(file: Path, proposal: Proposal, store: "RecordStore") -> None:
    """Take a snapshot of the hosts of a plan, and write it; raises StalePlan if somebody applied meanwhile."""
    from reconciler.manifest.snapshot_file import write
    from reconciler.registry.codec import record_text
    from reconciler.workflow.snapshot import take

    recorded = proposal.world.recorded
    taken = take(proposal.plan, proposal.world.hosts, recorded, SystemClock())
    now = store.read()
    if (now.lineage, now.serial) != (recorded.lineage, recorded.serial):
        raise StalePlan("no snapshot was taken: somebody applied in the meantime", hint="take it again")
    write(file, taken, record_text)


def _read(file: Path) -> "Snapshot":
    from reconciler.manifest.snapshot_file import read as read_file
    from reconciler.registry.codec import record_from

    return read_file(file, record_from)


def _propose_from(question: Question, settings: Settings, snapshot: "Snapshot", max_age: int | None) -> Proposal:
    from reconciler.core.state import Unobserved

    as_of = _as_of(snapshot, SystemClock(), own_records=not settings.registry_named)
    _young_enough(as_of, max_age)
    sights = {sight.host.host: sight for sight in snapshot.sights}
    manifests = _with_host(read(question.paths, settings).manifests, sights, settings)
    hosts: dict[HostName, Host] = {}
    silent: list[Unobserved] = []
    for spec in manifests.hosts:
        found = _host(spec, sights.get(spec.name))
        if isinstance(found, Unobserved):
            silent.append(found)
        else:
            hosts[spec.name] = found
    recorded = _records(snapshot, settings)
    made = proposed(question, settings, manifests, hosts, tuple(silent), recorded)
    return replace(made, plan=replace(made.plan, as_of=as_of))


def _records(snapshot: "Snapshot", settings: Settings) -> "RecordedState":
    return open_store(settings).read() if settings.registry_named else snapshot.recorded


def _as_of(snapshot: "Snapshot", clock: "Clock", *, own_records: bool) -> "AsOf":
    from reconciler.core.snapshot import AsOf

    then, now = (datetime.fromisoformat(text) for text in (snapshot.taken_at, clock.now()))
    return AsOf(snapshot.taken_at, int((now - then).total_seconds()), own_records)


def _young_enough(as_of: "AsOf", max_age: int | None) -> None:
    from reconciler.report.text import human_age

    if max_age is None or -_SKEW <= as_of.age <= max_age:
        return
    if as_of.age < 0:
        raise StalePlan(f"the snapshot is of {as_of.taken_at}, which is yet to come", hint="set the clocks right")
    limit = human_age(max_age)
    raise StalePlan(f"the snapshot is {human_age(as_of.age)} old, and may be {limit} (--max-age)", hint=_ANEW)


def _with_host(manifests: "Manifests", sights: "dict[HostName, Sight]", settings: Settings) -> "Manifests":
    """Return the manifests with a host: where none is declared, the one that was taken for `$OLLAMA_HOST` then."""
    if manifests.hosts:
        return manifests
    here = default_host(settings)
    seen = sights.get(here.name)
    asked = settings.environ.get("OLLAMA_HOST")
    return replace(manifests, hosts=(here if asked or seen is None else replace(here, url=seen.host.url),))


def _host(spec: "HostSpec", sight: "Sight | None") -> "Host | Unobserved":
    """Return a declared host as the snapshot saw it, or why it did not."""
    from reconciler.core.state import Observed, Unobserved
    from reconciler.hosts.snapshot_host import SnapshotHost
    from reconciler.report.text import without_login

    if sight is None:
        return Unobserved(spec.name, spec.url, "it is not in the snapshot", _ANEW)
    url = sight.host.url
    if url.rstrip("/") != without_login(spec.url).rstrip("/"):
        return Unobserved(spec.name, spec.url, f"in the snapshot this name is another server's, {url}", _ANEW)
    if isinstance(sight.host, Observed):
        return SnapshotHost(sight.host, sight)
    message = f"it was not observed when the snapshot was taken: {sight.host.message}"
    return Unobserved(spec.name, spec.url, message, sight.host.hint)
