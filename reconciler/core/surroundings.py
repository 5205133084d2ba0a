"""Surroundings: how the environment that we run in is judged, without a request. Pure.

No value of a variable ever gets into a finding: it may be a secret, or one in the wrong place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.health import Area, Finding, Grade

MOST = 20  # findings about manifests that are repeated
_GRADES = {Severity.ERROR: Grade.ERROR, Severity.WARNING: Grade.WARNING}


def written(area: Area, findings: Sequence[Diagnostic]) -> Iterator[Finding]:
    """Return what was found about manifests or their lock, the first ones in full."""
    for item in findings[:MOST]:
        yield Finding(area, str(item.location), _GRADES[item.severity], item.message, item.hint)
    if len(findings) > MOST:
        yield Finding(
            area, "…", Grade.ERROR, f"and {len(findings) - MOST} more", "`reconciler validate` tells them all"
        )


def lock(findings: Sequence[Diagnostic], *, required: bool) -> Iterator[Finding]:
    """Judge where a lock and manifests disagree: what is not locked is followed, unless a policy wants it locked."""
    harmless = frozenset({"not-referred-to", *(() if required else ("not-locked",))})
    graded = [replace(item, severity=Severity.WARNING) if item.code in harmless else item for item in findings]
    yield from written(Area.LOCK, graded)


def no_lock(where: str, *, required: bool) -> Finding:
    """Judge that nothing is locked."""
    if required:
        return Finding(Area.LOCK, where, Grade.ERROR, "there is none, and the policy requires one", "`reconciler lock`")
    told = "there is none: what each reference means today is followed (`reconciler lock` pins it)"
    return Finding(Area.LOCK, where, Grade.OK, told)


def bindings(variable: str, pairs: Iterable[str], origins: Iterable[bool]) -> Iterator[Finding]:
    """Judge where secrets may go; `origins` says of each pair whether what follows the `=` is an origin."""
    for place, (pair, good) in enumerate(zip(pairs, origins, strict=True), 1):
        name, equals, _ = pair.partition("=")
        if not name.isidentifier() or not equals:
            message = f"its entry {place} is not NAME=ORIGIN, so it allows nothing"
        elif not good:
            message = f"what it says of {name} is no origin, so it allows nothing"
        else:
            continue
        yield Finding(Area.SECRETS, variable, Grade.ERROR, message, "as in GPU_TOKEN=https://gpu.example:11434")


def secret(variable: str, value: str, place: str, *, open_: bool) -> Finding:
    """Judge a secret that is sent to a place; `open_` says that whoever is on the way can read it."""
    if value != value.strip():
        hint = "set it again, without the space or line end"
        return Finding(Area.SECRETS, variable, Grade.WARNING, "it begins or ends with white space", hint)
    if open_:
        hint = "have the host speak https"
        return Finding(Area.SECRETS, variable, Grade.WARNING, f"it goes to {place} without encryption", hint)
    return Finding(Area.SECRETS, variable, Grade.OK, f"set, for {place}")


def through(host: str, place: str, proxy: str, *, here: bool) -> Finding:
    """Judge a host that is asked through a proxy; `here` says that it is on this machine."""
    if not here:
        return Finding(Area.HOSTS, host, Grade.OK, f"asked through the proxy {proxy} of the environment")
    message = f"{place} is this machine, and the proxy {proxy} of the environment is asked for it"
    return Finding(Area.HOSTS, host, Grade.WARNING, message, "set NO_PROXY=localhost,127.0.0.1,::1")


def extras(lacking: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Tell which optional parts are installed; none of them is needed as long as nobody asks for it."""
    for name, packages in sorted(lacking.items()):
        if packages:
            told = f"not installed (it brings {', '.join(packages)}): `pip install 'reconciler[{name}]'`"
            yield Finding(Area.EXTRAS, name, Grade.OK, told)
        else:
            yield Finding(Area.EXTRAS, name, Grade.OK, "installed")
