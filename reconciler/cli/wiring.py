"""Wiring: from settings and manifests to hosts, sources and a store. The one place where an adapter meets a use."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.host_secrets import headers_of, secrets_of, withheld
from reconciler.cli.naming import declared
from reconciler.cli.question import DEFAULT_PATH, Question
from reconciler.cli.settings import Settings, ollama_url
from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.frozen import dataclass
from reconciler.core.lock import Lock
from reconciler.core.names import HostName, host_name
from reconciler.core.resource import HostSpec, Manifests
from reconciler.errors import ManifestError
from reconciler.transport import Http

if TYPE_CHECKING:
    from reconciler.core.decide import Policy
    from reconciler.core.plan import Plan
    from reconciler.core.safety import Limits
    from reconciler.core.state import RecordedState, Unobserved
    from reconciler.manifest.load import Loaded
    from reconciler.manifest.lockfile import LockFile
    from reconciler.ports import Host, RecordStore, Source, Sources
    from reconciler.sources import Context
    from reconciler.workflow.propose import World
    from reconciler.workflow.selection import Selection


def load(paths: Sequence[Path], settings: Settings) -> Manifests:
    """Return what the manifests declare, warnings shown; one host at `$OLLAMA_HOST` where none is declared."""
    manifests = read(paths, settings).manifests
    return manifests if manifests.hosts else replace(manifests, hosts=(default_host(settings),))


def read(paths: Sequence[Path], settings: Settings) -> "Loaded":
    """Return what is in the manifests, warnings shown; raises ManifestError."""
    from reconciler.manifest.load import load as load_manifests

    if not paths and not DEFAULT_PATH.exists():
        hint = f"give a PATH; `reconciler init` makes the folder {DEFAULT_PATH}/ with a first manifest"
        missing = Diagnostic(Location(str(DEFAULT_PATH)), "there is no such folder", hint, code="no-such-path")
        raise ManifestError((missing,))
    loaded = load_manifests(tuple(paths) or (DEFAULT_PATH,), settings.cache)
    if loaded.warnings:
        from reconciler.cli.complaints import warn

        warn(loaded.warnings)
    return loaded


def locks(paths: Sequence[Path]) -> "tuple[LockFile, ...]":
    """Return the locks beside the manifests, those that do not exist yet too; raises ManifestError."""
    from reconciler.manifest.lockfile import read as read_locks
    from reconciler.sources import types

    return read_locks(tuple(paths) or (DEFAULT_PATH,), types())


def locked(paths: Sequence[Path]) -> Lock:
    """Return what is locked for the manifests; raises ManifestError."""
    from reconciler.manifest.lockfile import joined

    return joined(locks(paths))


def default_host(settings: Settings) -> HostSpec:
    """Return the host that is meant where none is declared."""
    url = ollama_url(settings.environ.get("OLLAMA_HOST", ""))
    return HostSpec(HostName("default"), url, Location("$OLLAMA_HOST"))


def open_store(settings: Settings) -> "RecordStore":
    """Return the record store that the settings name, to be closed when the command ends."""
    from reconciler.registry.store import open_store as open_it

    store = open_it(settings.registry_url, lineage=_new_lineage)
    click.get_current_context().call_on_close(store.close)
    return store


def _new_lineage() -> str:
    from secrets import token_hex

    return token_hex(8)


def source_context(settings: Settings) -> "Context":
    """Return what sources may use of the world outside."""
    from reconciler.sources import Context, FileCache

    answers = FileCache(settings.cache / "answers")
    return Context(_http(settings), answers, settings.cache / "downloads", settings.environ)


def open_sources(settings: Settings) -> "Sources":
    """Return a function that gives each type of source, made at its first use."""
    from reconciler.sources import load as load_source

    context = source_context(settings)
    made: dict[str, Source] = {}

    def source(kind: str) -> "Source":
        if kind not in made:
            made[kind] = load_source(kind, context)
        return made[kind]

    return source


def open_hosts(specs: Sequence[HostSpec], settings: Settings) -> "tuple[dict[HostName, Host], tuple[Unobserved, ...]]":
    """Return the hosts that can be asked, and those that can't for want of a secret that may go there."""
    from reconciler.hosts.ollama_host import OllamaHost

    http = _http(settings)
    hosts: dict[HostName, Host] = {}
    silent: list[Unobserved] = []
    for spec in specs:
        reason = withheld(spec, settings.environ)
        if reason is not None:
            silent.append(reason)
            continue
        own = _http(settings, spec.ca_file) if spec.ca_file else http
        headers = headers_of(spec, settings.environ)
        tokens, callback = " or ".join(secrets_of(spec)), settings.callback(spec.url)
        hosts[spec.name] = OllamaHost(spec.name, spec.url, own, headers, tokens, callback=callback)
    return hosts, tuple(silent)


def _http(settings: Settings, ca_file: str | None = None) -> Http:
    """Return a client, with the tape of a plan that is to be remembered."""
    if settings.tape is None:
        return Http(ca_file=ca_file)
    from reconciler.taped import TapedHttp

    return TapedHttp(settings.tape, ca_file=ca_file)


def select(targets: Sequence[str], hosts: Sequence[str], manifests: Manifests) -> "Selection":
    """Return the selection that `--target` and `--host` name; raises click.BadParameter for what is not declared."""
    from reconciler.workflow.selection import Selection

    return Selection(
        frozenset(declared(text, (item.name for item in manifests.resources), "--target") for text in targets),
        frozenset(_declared_host(text, manifests) for text in hosts),
    )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan, with what is needed to carry it out."""

    plan: "Plan"
    world: "World"
    secrets: tuple[str, ...]  # values that no log line may hold


def propose_for(question: Question, settings: Settings, store: "RecordStore") -> Proposal:
    """Return the plan that answers the question, and the world that it was made from."""
    manifests = load(question.paths, settings)
    return proposed(question, settings, manifests, *open_hosts(manifests.hosts, settings), store.read())


def proposed(
    question: Question,
    settings: Settings,
    manifests: Manifests,
    hosts: "Mapping[HostName, Host]",
    silent: "tuple[Unobserved, ...]",
    recorded: "RecordedState",
) -> Proposal:
    """Return the plan that answers the question for these hosts and records; `silent` are hosts that can't be asked."""
    from reconciler.workflow.propose import World, propose
    from reconciler.workflow.resolve import Locking

    selection = select(question.targets, question.hosts, manifests)
    locking = Locking(locked(question.paths), required=question.locked or _lock_required(manifests))
    world = World(hosts, silent, open_sources(settings), recorded, locking)
    names = {"HF_TOKEN", *(name for spec in manifests.hosts for name in secrets_of(spec))}
    values = tuple(settings.environ[name] for name in sorted(names) if settings.environ.get(name))
    plan = propose(manifests, world, selection, _policy(question, manifests), _limits(manifests))
    return Proposal(plan, world, values)


def _policy(question: Question, manifests: Manifests) -> "Policy":
    """Return what is allowed: a flag allows it for once, a declared policy for good."""
    from reconciler.core.decide import Policy, Prune

    declared = manifests.policy.prune if manifests.policy is not None else Prune.NEVER
    return Policy(Prune.OWNED if question.prune else Prune(declared), question.adopt)


def _lock_required(manifests: Manifests) -> bool:
    """Tell whether a declared policy asks that all is locked; a flag asks for it for once."""
    return manifests.policy is not None and manifests.policy.require_lock


def _limits(manifests: Manifests) -> "Limits":
    from reconciler.core.safety import Limits

    spec, limits = manifests.policy, Limits()
    if spec is None:
        return limits
    share = limits.delete_share if spec.delete_share is None else spec.delete_share
    return Limits(spec.deletes, share, spec.updates, spec.transfer)


def _declared_host(text: str, manifests: Manifests) -> HostName:
    known = sorted(spec.name for spec in manifests.hosts)
    if text not in known:
        raise click.BadParameter(f"no host is named {text!r}; there are: {', '.join(known)}", param_hint="--host")
    return host_name(text)
