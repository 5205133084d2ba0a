"""What can only be seen when all the documents lie side by side: pure, over resources and hosts."""

from collections.abc import Callable, Iterable, Iterator

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.names import HostName, ModelName
from reconciler.core.resource import HostSpec, Manifests, Resource
from reconciler.manifest.parse import pulled_names
from reconciler.manifest.rules import Rule, finding, nearest

Check = Callable[[Manifests], Iterator[Diagnostic]]

MAX_ADDRESSES = 500_000  # models times hosts
_FEW = 300  # names; with more, to look for the nearest one of each takes minutes
_TOLD = 10  # hosts that a message names


def check(manifests: Manifests, *, complete: bool) -> tuple[Diagnostic, ...]:
    """Return the findings; if some documents could not be read, only those that more documents could not mend."""
    too_many = tuple(_too_many(manifests))
    chosen = (*_ALWAYS, *_COMPLETE) if complete and not too_many else _ALWAYS
    return (*too_many, *(found for one in chosen for found in one(manifests)))


def _too_many(manifests: Manifests) -> Iterator[Diagnostic]:
    models, hosts = len(manifests.resources), len(_hosts(manifests))
    if models * hosts > MAX_ADDRESSES:
        message = f"{models} models for {hosts} hosts, and {MAX_ADDRESSES} in all are the most"
        yield finding(manifests.resources[-1].location, Rule.TOO_MANY_MODELS, message, "keep them in several folders")


def _duplicate_models(manifests: Manifests) -> Iterator[Diagnostic]:
    first: dict[ModelName, Resource] = {}
    for item in sorted(manifests.resources, key=_by_place):
        other = first.setdefault(item.name, item)
        if other is not item:
            same = str(other.name) == str(item.name)
            message = f"{item.name} is declared twice" if same else f"Ollama cannot tell {item.name} from {other.name}"
            yield finding(item.location, Rule.DUPLICATE_MODEL, message, f"the first is at {other.location}")


def _duplicate_hosts(manifests: Manifests) -> Iterator[Diagnostic]:
    first: dict[str, HostSpec] = {}
    for item in sorted(manifests.hosts, key=_by_place):
        other = first.setdefault(item.name.lower(), item)
        if other is not item:
            hint = f"the first is at {other.location}"
            yield finding(item.location, Rule.DUPLICATE_HOST, f"host {item.name} is declared twice", hint)


def _cycles(manifests: Manifests) -> Iterator[Diagnostic]:
    """Yield one finding for each circle of bases: every build has one base, so to follow it is enough."""
    bases = {item.name: item for item in manifests.resources if item.base is not None}
    done: set[ModelName] = set()
    for start in sorted(bases):
        path: list[ModelName] = []
        name: ModelName | None = start
        while name in bases and name not in done:
            done.add(name)
            path.append(name)
            name = bases[name].base
        if name in path:
            yield _circle([bases[item] for item in path[path.index(name) :]])


def _circle(circle: list[Resource]) -> Diagnostic:
    begin = circle[0]
    where = begin.base_location or begin.location
    if len(circle) == 1:
        return finding(where, Rule.SELF_BASE, f"{begin.name} is built on itself", "build it on a pristine base")
    names = " → ".join(str(item.name) for item in (*circle, begin))
    return finding(where, Rule.BASE_CYCLE, f"a circle of bases: {names}", "build one of them on something else")


def _overwritten(manifests: Manifests) -> Iterator[Diagnostic]:
    """Yield a finding where a pull, which comes under the hub's name, would replace another declared model."""
    declared = {item.name: item for item in manifests.resources}
    for item in manifests.resources:
        for ref, pulled in pulled_names(item):
            other = declared.get(pulled)
            if other and other is not item and not _is_always(other, pulled) and _meet(item, other, manifests):
                message = f"{item.name} is made by pulling {pulled}, which is declared as something else"
                yield finding(ref.location, Rule.PULL_OVERWRITES, message, f"rename the one at {other.location}")


def _is_always(item: Resource, pulled: ModelName) -> bool:
    """Tell whether a resource is this pull, whichever of its sources is taken."""
    names = [name for _, name in pulled_names(item)]
    return len(names) == len(item.sources) and set(names) == {pulled}


def _undeclared_bases(manifests: Manifests) -> Iterator[Diagnostic]:
    declared = {item.name for item in manifests.resources}
    few = declared if len(declared) <= _FEW else set()
    for item in manifests.resources:
        if item.base is not None and item.base_location is not None and item.base not in declared:
            near = nearest(_short(item.base), sorted(_short(name) for name in few - {item.name}))
            message = f"{item.base} is not declared here, so it must already be on each host"
            yield finding(item.base_location, Rule.UNDECLARED_BASE, message, f"did you mean {near!r}?" if near else "")


def _bases_not_everywhere(manifests: Manifests) -> Iterator[Diagnostic]:
    declared = {item.name: item for item in manifests.resources}
    for item in manifests.resources:
        base = declared.get(item.base) if item.base is not None else None
        if base is None or item.base_location is None:
            continue
        lacking = [host.name for host in _chosen(item, manifests) if not base.hosts.matches(host.labels)]
        if lacking:
            more = f" and {len(lacking) - _TOLD} more" if len(lacking) > _TOLD else ""
            where = ", ".join(lacking[:_TOLD]) + more
            message = f"{base.name} is not declared for {where}, where {item.name} is built on it"
            yield finding(item.base_location, Rule.BASE_NOT_EVERYWHERE, message, "select the same hosts for both")


def _no_host_selected(manifests: Manifests) -> Iterator[Diagnostic]:
    for item in manifests.resources:
        if not _chosen(item, manifests):
            labels = ", ".join(f"{key}={value}" for key, value in item.hosts.match_labels)
            hint = "check the labels" if manifests.hosts else "declare a Host: the default one has no labels"
            yield finding(item.location, Rule.NO_HOST_SELECTED, f"no host has the labels {labels} of {item.name}", hint)


def _same_urls(manifests: Manifests) -> Iterator[Diagnostic]:
    first: dict[str, HostSpec] = {}
    for item in sorted(manifests.hosts, key=_by_place):
        other = first.setdefault(item.url.lower(), item)
        if other is not item:
            message = f"{item.name} has the same url as {other.name}"
            yield finding(item.location, Rule.SAME_URL, message, f"the first is at {other.location}")


def _case_only(manifests: Manifests) -> Iterator[Diagnostic]:
    """Yield a finding for each second spelling of a part of a name: hosts with both look models up at random."""
    first: dict[tuple[str, str], str] = {}
    for name, where in sorted(_spelled(manifests.resources), key=lambda pair: pair[1]):
        parts = {"hub": name.hub, "namespace": name.namespace, "model": name.model, "tag": name.tag}
        for kind, part in parts.items():
            known = first.setdefault((kind, part.lower()), part)
            if known != part:
                message = f"the {kind} {part!r} differs from {known!r} only by case, which confuses Ollama"
                yield finding(where, Rule.CASE_ONLY, message, "spell it one way everywhere")


def _spelled(resources: Iterable[Resource]) -> Iterator[tuple[ModelName, Location]]:
    """Yield every name that will be on hosts, but a second declaration of one, which is another finding."""
    for item in {item.name: item for item in sorted(resources, key=_by_place, reverse=True)}.values():
        yield item.name, item.location
        if item.base is not None and item.base_location is not None:
            yield item.base, item.base_location
        for ref, pulled in pulled_names(item):
            yield pulled, ref.location


def _hosts(manifests: Manifests) -> tuple[HostSpec, ...]:
    return manifests.hosts or (HostSpec(HostName("default"), "", Location("")),)


def _chosen(item: Resource, manifests: Manifests) -> tuple[HostSpec, ...]:
    return tuple(host for host in _hosts(manifests) if item.hosts.matches(host.labels))


def _meet(one: Resource, other: Resource, manifests: Manifests) -> bool:
    return any(other.hosts.matches(host.labels) for host in _chosen(one, manifests))


def _short(name: ModelName) -> str:
    """Return a name without the tag that most have, and which therefore makes none of them alike."""
    return str(name).removesuffix(":latest")


def _by_place(item: Resource | HostSpec) -> Location:
    return item.location


_ALWAYS: tuple[Check, ...] = (_duplicate_models, _duplicate_hosts, _cycles)
_COMPLETE: tuple[Check, ...] = (
    _overwritten,
    _undeclared_bases,
    _bases_not_everywhere,
    _no_host_selected,
    _same_urls,
    _case_only,
)
