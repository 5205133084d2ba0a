"""Small builders of core data, so that a test says only what it is about."""

from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest, Fingerprint, fingerprint
from reconciler.core.facts import Facts, facts
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.resource import Kind
from reconciler.core.state import Desired, DesiredState, Live, LiveState, Observed, Recorded, RecordedState
from reconciler.core.steps import Copy, Create, Delete, Step, staging_name

HOST = HostName("a")
HERE = Location("m.yaml", 1, 1)


def digest(seed: object) -> Digest:
    return Digest.of(str(seed).encode())


def address(name: str = "m", host: str = "a") -> Address:
    return Address(HostName(host), ModelName.parse(name))


def content(**values: object) -> Facts:
    return facts({path.replace("__", "."): value for path, value in values.items()})


def build_steps(name: str, key: Fingerprint) -> tuple[Step, ...]:
    staging = staging_name(key)
    return (Create(staging), Copy(staging, ModelName.parse(name)), Delete(staging))


def desired(
    name: str = "m",
    spec: Facts = (("system", "s"),),
    *,
    foretold: tuple[Digest, ...] = (),
    base: str | None = None,
    host: str = "a",
    reference: str = "ref",
    protect: bool = False,
) -> Desired:
    mark = fingerprint([list(pair) for pair in spec])
    return Desired(
        address(name, host),
        Kind.MODEL,
        mark,
        spec,
        "gguf",
        reference,
        (),
        build_steps(name, mark),
        HERE,
        foretold=foretold,
        base=address(base, host) if base else None,
        protect=protect,
    )


def live(name: str = "m", seed: object = "x", *, host: str = "a", shown: Facts | None = None) -> Live:
    return Live(address(name, host), digest(seed), 10, shown)


def recorded(want: Desired, seed: object = "x", *, shown: Facts = ()) -> Recorded:
    return Recorded.of(want, Live(want.address, digest(seed), 10, shown), None, "2026-01-01T00:00:00.000Z")


def live_state(*models: Live, host: str = "a") -> LiveState:
    return LiveState((Observed(HostName(host), f"http://{host}", "0.9.3", tuple(models)),))


def desired_state(*entries: Desired) -> DesiredState:
    return DesiredState(tuple(entries))


def recorded_state(*records: Recorded) -> RecordedState:
    return RecordedState("lineage", 1, tuple(records))
