"""A site whose models come from hubs: what is published there, what is declared here, and what is locked."""

import json
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.change import Action, Change, Reason
from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest
from reconciler.core.facts import facts, freeze
from reconciler.core.lock import Lock, Locked
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.plan import Plan
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Pull
from reconciler.workflow.resolve import Locking
from tests.fakes.hf_server import Fault, HubServer
from tests.fakes.oci_server import OciServer
from tests.manifests import write
from tests.parts.registry import CONFIG_TYPE, MANIFEST_TYPE, MODEL_TYPE
from tests.sources.gguf_files import LLAMA, gguf
from tests.sources.gguf_files import text as named
from tests.workflow.conftest import Site

LAYER = MODEL_TYPE.removesuffix("model")


@dataclass
class Upstream:
    """The hubs, the site, and the hand that publishes, declares and locks."""

    site: Site
    oci: OciServer
    hf: HubServer
    folder: Path

    def publish(
        self, name: str = "m", weights: str | bytes = "1", *, family: str = "llama", requires: str = "", **texts: str
    ) -> Digest:
        """Put a model under the tag `team/NAME:v1`, with a layer for each text; return its hub manifest's digest."""
        head = self._layer(CONFIG_TYPE, config(family, requires))
        layers = [self._layer(MODEL_TYPE, weights if isinstance(weights, bytes) else f"GGUF {weights}")]
        layers += [self._layer(f"{LAYER}{kind}", text) for kind, text in texts.items()]
        document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": head, "layers": layers}
        body = json.dumps(document, separators=(",", ":")).encode()
        self.oci.manifests[f"team/{name}:v1"] = body
        return Digest.of(body)

    def _layer(self, kind: str, content: str | bytes) -> dict[str, object]:
        layer = content.encode() if isinstance(content, str) else content
        digest = Digest.of(layer)
        path = self.folder / digest.hex
        path.write_bytes(layer)
        self.oci.blobs[str(digest)] = path
        return {"mediaType": kind, "digest": str(digest), "size": len(layer)}

    def lose(self, content: str) -> None:
        """Have the hub lose a layer."""
        del self.oci.blobs[str(Digest.of(content.encode()))]

    def name(self, model: str = "m") -> str:
        """Return how a published model is called."""
        return f"{self.oci.address}/team/{model}:v1"

    def declare(self, name: str = "m", model: str = "m", more: str = "", **options: str) -> None:
        """Declare a model that comes from the hub; `more` is YAML under `spec`."""
        source = json.dumps({"ollama": {"name": self.name(model), "insecure": True, **options}})
        self._declare(name, source, more)

    def commit(self, file: str = "m-Q4_0.gguf", content: str = "GGUF 1", **others: str) -> str:
        """Put a GGUF that tells itself by `content`, and other files, on main of org/m; return the commit."""
        files = {path.replace("_", "."): text.encode() for path, text in others.items()}
        return self.hf.commit("org/m", {file: gguf(*LLAMA, named("general.name", content)), **files})

    def declare_file(self, name: str = "m", more: str = "") -> None:
        """Declare a model that comes from org/m."""
        self._declare(name, '{"huggingface": {"repo": "org/m", "quantization": "Q4_0"}}', more)

    def _declare(self, name: str, source: str, more: str) -> None:
        rest = "".join(f"  {line}\n" for line in more.splitlines())
        file = name.replace(":", "-").replace("/", "-")
        write(self.site.folder, file, f"kind: Model\nmetadata: {{name: '{name}'}}\nspec:\n  source: {source}\n{rest}")

    def lock(self, *, required: bool = False) -> Lock:
        """Lock everything that is declared as it is now, as if it had been written to a file and read back."""
        world, entries = self.site.world(), []
        refs = dict.fromkeys(ref for item in self.site.manifests.resources for chain in item.chains for ref in chain)
        for line, ref in enumerate(refs, 3):
            source = world.sources(ref.type)
            pin = json.loads(json.dumps(dict(source.resolve(ref).pin)))
            read = facts((path, freeze(value)) for path, value in pin.items())
            entries.append(Locked(ref.type, source.key(ref), read, Location("reconciler.lock", line, 5)))
        self.site.locking = Locking(Lock(tuple(entries), exists=True), required=required)
        return self.site.locking.lock

    def fail(self, **fault: object) -> None:
        """Have a fault happen to the hub; see `http_faults.Fault`."""
        self.oci.faults.add(Fault("oci", **fault))  # type: ignore[arg-type]

    def heal(self) -> None:
        """End every fault of the hub."""
        self.oci.faults.waiting.clear()

    def forget(self) -> None:
        """Forget every request so far."""
        self.oci.requests.clear()
        self.hf.requests.clear()
        for server in self.site.servers.values():
            server.seen.clear()

    def asked(self) -> list[str]:
        """Return what the hubs were asked for since: the ends of the paths."""
        found = [*self.oci.requests, *self.hf.requests]
        return [request.path.removeprefix("/v2/team/").removeprefix("/api/models/") for request in found]

    def calls(self, host: str = "a") -> list[str]:
        """Return the calls that a host got since."""
        return self.site.servers[host].calls()

    def digest(self, model: str = "m", host: str = "a") -> Digest | None:
        """Return what a host lists a model as."""
        found = {live.address.model: live.digest for live in self.site.world().hosts[HostName(host)].models()}
        return found.get(ModelName.parse(model))

    def shown(self, model: str = "m", host: str = "a") -> dict[str, object]:
        """Return what a host shows of a model."""
        return dict(self.site.world().hosts[HostName(host)].show(ModelName.parse(model)))

    def names(self, host: str = "a") -> list[str]:
        """Return every name on a host, sorted."""
        return [str(live.address.model) for live in self.site.world().hosts[HostName(host)].models()]

    def pull_of(self, model: str = "m") -> Pull:
        """Return the pull of what is published now, for somebody who pulls by hand."""
        ref = SourceRef("ollama", (("insecure", True), ("name", self.name(model))), Location("by hand"))
        pull = self.site.world().sources("ollama").resolve(ref).pull
        assert pull is not None
        return pull

    def delete(self, model: str = "m", host: str = "a") -> None:
        """Have somebody delete a model by hand."""
        self.site.world().hosts[HostName(host)].delete(ModelName.parse(model))


def config(family: str = "llama", requires: str = "") -> str:
    """Return the config of what is published."""
    asks = {"requires": requires} if requires else {}
    return json.dumps({"model_format": "gguf", "model_family": family, **asks})


def change(plan: Plan, model: str = "m", host: str = "a") -> Change:
    """Return what a plan says about one model."""
    address = Address(HostName(host), ModelName.parse(model))
    return next(item for item in plan.changes if item.address == address)


def told(plan: Plan) -> dict[str, tuple[Action, tuple[Reason, ...]]]:
    """Return action and reasons by address."""
    return {str(item.address).removesuffix(":latest"): (item.action, item.reasons) for item in plan.changes}


def kinds(item: Change) -> list[str]:
    """Return the steps of a change by their kinds."""
    return [type(step).__name__ for step in item.steps]
