"""What `doctor` looks at before it asks anybody: manifests, lock, and the environment. A check is a function."""

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from reconciler.cli.books import books_of
from reconciler.cli.host_secrets import BINDINGS, place_of, secrets_of, withheld
from reconciler.cli.question import DEFAULT_PATH
from reconciler.cli.settings import Settings, is_loopback
from reconciler.cli.wiring import default_host, locks, open_sources
from reconciler.core import surroundings
from reconciler.core.diagnostics import Diagnostic
from reconciler.core.frozen import dataclass
from reconciler.core.health import Area, Finding, Grade
from reconciler.core.resource import HostSpec, Manifests, Resource
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.transport import origin, proxy_for
from reconciler.workflow.doctor import failed
from reconciler.workflow.lock import disagreements

_EXTRA = re.compile(r"([\w.-]+).*;.*extra\s*==\s*['\"]([\w-]+)['\"]")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is declared, as far as it could be read, and what was found on the way."""

    hosts: tuple[HostSpec, ...]
    resources: tuple[Resource, ...]
    whole: bool  # the manifests could be read
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the checks look at."""

    paths: tuple[Path, ...]  # of manifests that could be read; none where there are none
    hosts: tuple[HostSpec, ...]
    resources: tuple[Resource, ...]
    lock_required: bool
    settings: Settings


def look_around(paths: Sequence[Path], settings: Settings) -> Surroundings:
    """Return what is declared, and what every check found."""
    places = tuple(paths) or ((DEFAULT_PATH,) if DEFAULT_PATH.exists() else ())
    declared, found = _declared(places)
    hosts = declared.hosts if declared else ()
    if not hosts and (declared or "OLLAMA_HOST" in settings.environ):
        try:
            hosts = (default_host(settings),)
        except ReconcilerError as error:
            found.append(failed(Area.HOSTS, "$OLLAMA_HOST", error))
    resources = declared.resources if declared else ()
    required = declared is not None and declared.policy is not None and declared.policy.require_lock
    ground = _Ground(places if resources else (), hosts, resources, required, settings)
    whole = declared is not None
    return Surroundings(hosts, resources, whole, (*found, *(finding for check in CHECKS for finding in check(ground))))


def _declared(paths: Sequence[Path]) -> tuple[Manifests | None, list[Finding]]:
    """Return what the manifests declare, nothing where there are none, and None where they can't be read."""
    from reconciler.manifest.load import load

    if not paths:
        told = "there are none here; only the host that $OLLAMA_HOST names is looked at"
        return Manifests((), ()), [Finding(Area.MANIFESTS, f"{DEFAULT_PATH}/", Grade.OK, told)]
    try:
        loaded = load(paths)
    except ManifestError as error:
        return None, list(surroundings.written(Area.MANIFESTS, _diagnostics(error)))
    where, models, hosts = ", ".join(map(str, paths)), len(loaded.manifests.resources), len(loaded.manifests.hosts)
    told = f"valid: {models} model{'s' * (models != 1)}, {hosts} host{'s' * (hosts != 1)}"
    warnings = surroundings.written(Area.MANIFESTS, loaded.warnings)
    return loaded.manifests, [Finding(Area.MANIFESTS, where, Grade.OK, told), *warnings]


def _lock(ground: _Ground) -> Iterator[Finding]:
    """The lock agrees with the manifests."""
    if not ground.paths:
        return
    sources = open_sources(ground.settings)
    try:
        files = locks(ground.paths)
        found = disagreements(books_of(files, ground.resources, sources), sources)
    except ManifestError as error:
        yield from surroundings.written(Area.LOCK, _diagnostics(error))
        return
    where = ", ".join(str(file.path) for file in files)
    if all(file.text is None for file in files):
        yield surroundings.no_lock(where, required=ground.lock_required)
    elif found:
        yield from surroundings.lock(found, required=ground.lock_required)
    else:
        yield Finding(Area.LOCK, where, Grade.OK, "agrees with the manifests")


def _bindings(ground: _Ground) -> Iterator[Finding]:
    """Each secret is bound to an origin, where any is."""
    pairs = ground.settings.environ.get(BINDINGS, "").split()
    origins = [place_of(pair.partition("=")[2])[1] is not None for pair in pairs]
    yield from surroundings.bindings(BINDINGS, pairs, origins)


def _secrets(ground: _Ground) -> Iterator[Finding]:
    """What each host's secret is, and where it goes; one that is missing or withheld is told with its host."""
    environ = ground.settings.environ
    for spec in ground.hosts:
        if withheld(spec, environ) is None:
            for variable in secrets_of(spec):
                open_ = spec.url.startswith("http://") and not is_loopback(spec.url)
                yield surroundings.secret(variable, environ[variable], origin(spec.url), open_=open_)


def _proxies(ground: _Ground) -> Iterator[Finding]:
    """What stands between us and the hosts, which should be nothing where that is this machine."""
    for spec in ground.hosts:
        proxy = proxy_for(spec.url)
        if proxy is not None:
            yield surroundings.through(spec.name, origin(spec.url), origin(proxy), here=is_loopback(spec.url))


def _extras(_: _Ground) -> Iterator[Finding]:
    """Optional parts."""
    try:
        required = metadata.requires("reconciler") or []
    except metadata.PackageNotFoundError:  # run from a checkout
        return
    lacking: dict[str, list[str]] = {}
    for package, extra in (match.groups() for text in required if (match := _EXTRA.match(text))):
        lacking.setdefault(extra, []).extend([] if _installed(package) else [package])
    yield from surroundings.extras(lacking)


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _diagnostics(error: ManifestError) -> tuple[Diagnostic, ...]:
    return tuple(item for item in error.diagnostics if isinstance(item, Diagnostic))


CHECKS: tuple[Callable[[_Ground], Iterator[Finding]], ...] = (_lock, _bindings, _secrets, _proxies, _extras)
