"""Small builders of plans and of what is in them, by hand."""

from reconciler.core.change import Action, Change, Cost, Reason
from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest, fingerprint
from reconciler.core.facts import ABSENT, FieldChange, differences, facts
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.order import stages
from reconciler.core.plan import HostView, Plan
from reconciler.core.resource import Kind
from reconciler.core.state import Desired, Recorded, Unobserved
from reconciler.core.steps import Blob, Copy, Create, Delete, Pull, Upload

MB = 10**6
REPO = "bartowski/SmolLM2-135M-Instruct-GGUF"
COMMIT = "3f1c9a2" + "0" * 33


def digest(mark):
    return Digest.of(mark.encode())


def name(text):
    return ModelName.parse(text)


def address(model, host="default"):
    return Address(HostName(host), name(model))


def field(path, before=ABSENT, after=ABSENT):
    return FieldChange(path, before, after)


def desired(model, host="default", *, source="huggingface", reference=f"{REPO}@main Q4_K_M", steps=(), **content):
    kept = facts(content)
    provenance = {
        "huggingface": {"repo": REPO, "commit": COMMIT, "file": "m.gguf", "sha256": "b" * 64, "size": 98_400_000},
        "ollama": {"name": "llama3.2:1b", "hub": "registry.ollama.ai", "manifest": str(digest("hub"))},
        "gguf": {"path": "/srv/models/m.gguf", "sha256": "d" * 64, "size": 98_400_000},
        "build": {},
    }[source]
    return Desired(
        address=address(model, host),
        kind=Kind.FINE_TUNE if source == "build" else Kind.MODEL,
        fingerprint=fingerprint([list(pair) for pair in kept]),
        content=kept,
        source=source,
        reference=reference,
        provenance=facts(provenance),
        steps=steps,
        location=Location("manifests/models.yaml", 3, 1),
    )


def import_steps(model, size=98_400_000):
    blob = Blob(digest("weights"), size, "huggingface", (("repo", REPO),))
    staging = name("reconciler-staging/0123456789abcdef01234567")
    files = (("m.gguf", blob.digest),)
    return (Upload(blob), Create(staging, files=files), Copy(staging, name(model)), Delete(staging))


def build_steps(model, base):
    staging = name("reconciler-staging/76543210fedcba9876543210")
    return (Create(staging, base=name(base)), Copy(staging, name(model)), Delete(staging))


def pull_steps(model, size=1_300_000_000):
    return (Pull(name(model), insecure=False, manifest=digest("hub"), layers=((digest("layer"), size),)),)


def change(model, action, *reasons, host="default", after=None, **more):
    return Change(address(model, host), action, reasons, after=after, steps=after.steps if after else (), **more)


def create(model, host="default", **options):
    after = desired(model, host, **{"steps": import_steps(model), "weights": ("sha256:" + "b" * 64,), **options})
    return change(model, Action.CREATE, Reason.NEW, host=host, after=after, fields=differences((), after.content))


def in_sync(model, host="default"):
    return change(model, Action.NO_OP, Reason.IN_SYNC, host=host, after=desired(model, host), before=digest(model))


def kept(model, host="default"):
    return change(model, Action.NO_OP, Reason.NOT_DECLARED, host=host, before=digest(model))


def host(title="default", *, in_sync=0, unmanaged=(), undeclared=(), url="http://127.0.0.1:11434", version="0.9.3"):
    names = tuple(map(name, unmanaged)), tuple(map(name, undeclared))
    return HostView(HostName(title), url, version, in_sync, *names)


def silent(title, message="no connection: connection refused", hint="is the server running?"):
    return Unobserved(HostName(title), f"http://{title}.example:11434", message, hint)


def plan(*changes, hosts=None, unobserved=(), violations=(), costs=None):
    """Return a plan; `costs` is {model: (transfer, disk)} in bytes on the host `default`."""
    return Plan(
        changes=tuple(sorted(changes, key=lambda change: change.address)),
        stages=stages(changes),
        costs=tuple(sorted((address(model), Cost(*cost)) for model, cost in (costs or {}).items())),
        hosts=(host(),) if hosts is None else tuple(hosts),
        unobserved=tuple(unobserved),
        violations=tuple(violations),
        lineage="0123456789abcdef",
        serial=7,
        fingerprint=fingerprint("plan"),
    )


def recorded(model="smollm2:135m", host="default", **more):
    entry = desired(model, host, weights=("sha256:" + "b" * 64,))
    given = {
        "kind": entry.kind,
        "content": entry.content,
        "source": entry.source,
        "reference": entry.reference,
        "provenance": entry.provenance,
        "applied_at": "2026-11-22T12:00:00.000Z",
        "size": 98_400_000,
        **more,
    }
    return Recorded(
        address=entry.address, fingerprint=entry.fingerprint, digest=digest(model), facts=given["content"], **given
    )
