"""Small builders of what a registry holds."""

from reconciler.core.change import Action
from reconciler.core.digest import Digest, Fingerprint
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.outcome import Outcome, Status
from reconciler.core.resource import Kind
from reconciler.core.state import Recorded
from reconciler.ports import Run

NOON = "2026-11-22T12:00:00.000Z"


def address(model="m", host="a"):
    return Address(HostName(host), ModelName.parse(model))


def run(name="r1", at=NOON):
    return Run(name, at, "f" * 64, "ann@desk")


def outcome(model="m", host="a", status=Status.APPLIED, **fields):
    return Outcome(address(model, host), Action.CREATE, status, Digest("a" * 64), **fields)


def recorded(model="m", host="a", digest="a" * 64, **fields):
    content = (("parameters.stop", ("x", "y")), ("weights", ("sha256:" + "b" * 64,)))
    return Recorded(
        address=address(model, host),
        kind=Kind.MODEL,
        fingerprint=Fingerprint("c" * 64),
        content=content,
        source="gguf",
        reference="./m.gguf",
        provenance=(("sha256", "b" * 64),),
        digest=Digest(digest),
        facts=content,
        size=7,
        applied_at=NOON,
        **fields,
    )
