"""Diagnosis: how what was asked is judged, a function a thing. Pure.

Each judge returns at least one finding, so that what is well is seen to have been looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.core.abilities import READ, TRIED
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts
from reconciler.core.health import Area, Condition, Finding, Grade, Space, Visit
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.state import Live, Recorded
from reconciler.core.steps import is_staging
from reconciler.core.versions import older, version_tuple

SKEW = 60.0  # seconds by which two clocks may differ
LITTLE = 5 * 10**9  # bytes: less than a model of middling size
TIGHT = 10**8  # bytes: not even our own records are safe
DOWNLOADS = "downloads"  # a purpose of a place: models go through there
_LAYERS = ("weights", "projectors", "adapters")  # facts that hold digests of blobs


def unreachable(host: HostName, url: str, message: str, hint: str) -> Finding:
    """Judge a host that gave no answer, or not ours; `hint` is empty where the error itself knows no better."""
    advice = hint or "start Ollama there (`ollama serve`), and check the address: spec.url, or $OLLAMA_HOST"
    return _on(host, Grade.ERROR, f"{url}: {message}", advice)


def visited(visit: Visit) -> Iterator[Finding]:
    """Judge the version and the clock of a host that answered."""
    yield _of_version(visit)
    if visit.ahead is not None and abs(visit.ahead) > SKEW:
        side = "ahead of" if visit.ahead > 0 else "behind"
        message = f"its clock is {_span(abs(visit.ahead))} {side} this machine's"
        yield _on(visit.host, Grade.WARNING, message, "set both by NTP: certificates, tokens and logs go by the clock")


def _of_version(visit: Visit) -> Finding:
    told = f"{visit.url}  ollama {visit.version}"
    numbers = version_tuple(visit.version)
    if not any(numbers[:3]):
        hint = "what newer versions can do counts as missing on it: run a released version"
        return _on(visit.host, Grade.WARNING, f"{told}: not a version that can be compared", hint)
    if older(visit.version, TRIED):
        return _on(visit.host, Grade.WARNING, f"{told}: older than {TRIED}, the oldest that was tried", "upgrade it")
    if numbers[:2] > version_tuple(READ)[:2]:
        hint = "look for a newer reconciler, and read plans with care"
        return _on(visit.host, Grade.WARNING, f"{told}: newer than {READ}, the newest that is known", hint)
    return _on(visit.host, Grade.OK, told)


def temporary(host: HostName, there: Iterable[ModelName], known: Mapping[ModelName, str]) -> Iterator[Finding]:
    """Judge the temporary names on a host that no run is working on; `known` are on record, by the run that died."""
    for name in sorted(item for item in there if is_staging(item) or item in known):
        if name in known:
            message, hint = f"{name} was left behind by run {known[name]}, which died", "the next `apply` removes it"
        else:
            message, hint = f"{name} is a temporary name, and no run that we know left it", f"`ollama rm {name}`"
        yield _on(host, Grade.WARNING, message, hint)


def layers(content: Facts) -> tuple[Digest, ...]:
    """Return the blobs that a model stands on, as far as what a host shows names them."""
    told = (value for path, value in content if path in _LAYERS)
    texts = (text for value in told for text in (value if isinstance(value, tuple) else (value,)))
    return tuple(Digest.parse(str(text)) for text in texts)


def in_place(records: Iterable[Recorded], models: Mapping[Address, Live]) -> tuple[Recorded, ...]:
    """Return what a host lists exactly as we left it: what else is not so, every plan sees."""
    return tuple(item for item in records if item.address in models and models[item.address].digest == item.digest)


def vanished(record: Recorded, lacking: Sequence[Digest]) -> Iterator[Finding]:
    """Judge a model that is listed as we left it, by the blobs that its host lacks: no plan sees that."""
    if lacking:
        blobs = ", ".join(digest.short for digest in lacking)
        model = record.address.model
        message = f"{model} is listed as we left it, and its content is gone from the disk: blob {blobs}"
        hint = f"`ollama rm {model}` there, then `reconciler apply` brings it anew"
        yield _on(record.address.host, Grade.ERROR, message, hint)


def recorded_elsewhere(records: Iterable[Recorded], declared: Iterable[HostName]) -> Iterator[Finding]:
    """Judge records about hosts that no manifest declares: nothing looks after them."""
    known = set(declared)
    strange: dict[HostName, int] = {}
    for item in records:
        if item.address.host not in known:
            strange[item.address.host] = strange.get(item.address.host, 0) + 1
    for host, count in sorted(strange.items()):
        models = "1 model is" if count == 1 else f"{count} models are"
        message = f"{models} on record for host {host}, which these manifests do not declare"
        hint = f"give the manifests that do, or `reconciler forget --host {host} NAME…`"
        yield Finding(Area.REGISTRY, host, Grade.WARNING, message, hint)


def registry(condition: Condition, where: str) -> Iterator[Finding]:
    """Judge our registry."""
    if not condition.version:
        yield _registry(where, Grade.OK, "there is none yet; the first `apply` makes it")
        return
    records = "1 model" if condition.records == 1 else f"{condition.records} models"
    told = f"{records} on record, lineage {condition.lineage}, serial {condition.serial}, version {condition.version}"
    if not condition.damage:
        yield _registry(where, Grade.OK, told)
    else:
        hint = "restore it from a backup; or move it away, and every model on the hosts counts as not ours"
        yield _registry(where, Grade.ERROR, f"it is damaged: {condition.damage}", hint)
    if condition.version > condition.newest:
        message = f"its tables have version {condition.version}, and this program knows {condition.newest}"
        yield _registry(where, Grade.ERROR, message, "upgrade reconciler")
    elif condition.version < condition.newest:
        message = f"its tables have version {condition.version} of {condition.newest}"
        yield _registry(where, Grade.WARNING, message, "the next command that opens it brings them forward: back it up")
    if not condition.writable:
        hint = "let this user write it, and the folder that it is in: `plan` works without, `apply` does not"
        yield _registry(where, Grade.ERROR, "it can't be written", hint)


def died(runs: Iterable[tuple[str, str, bool]]) -> Iterator[str]:
    """Yield the runs that died since the last one that ended well.

    Runs come newest first: name, status, and whether it holds a lease. What died before that was cleared up by it.
    """
    for name, status, holding in runs:
        if status == "succeeded":
            return
        if status == "abandoned" or (status == "running" and not holding):
            yield name


def space(place: Space) -> Finding:
    """Judge a place where we write."""
    told = f"{place.purpose}: {place.free / 10**9:.1f} GB free"
    if not place.writable:
        return Finding(Area.DISK, place.path, Grade.ERROR, f"{place.purpose}: it can't be written", "make it writable")
    if place.free < TIGHT:
        return Finding(Area.DISK, place.path, Grade.ERROR, told, "free some space on that disk")
    if place.free < LITTLE and place.purpose == DOWNLOADS:
        hint = "downloads go through here: free some space, or set XDG_CACHE_HOME to a larger disk"
        return Finding(Area.DISK, place.path, Grade.WARNING, told, hint)
    return Finding(Area.DISK, place.path, Grade.OK, told)


def _registry(where: str, grade: Grade, message: str, hint: str = "") -> Finding:
    return Finding(Area.REGISTRY, where, grade, message, hint)


def _on(host: HostName, grade: Grade, message: str, hint: str = "") -> Finding:
    return Finding(Area.HOSTS, host, grade, message, hint)


def _span(seconds: float) -> str:
    """Return a time as people say it."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
