"""A hub model that is locked: its manifest in our hands, its layers as files."""

import json
from dataclasses import dataclass
from pathlib import Path

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.steps import Install, Pull
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.sources._hub.manifest import read
from tests.hosts.conftest import File, quiet
from tests.parts.registry import CONFIG_TYPE, MANIFEST_TYPE, MODEL_TYPE

CONFIG = b'{"model_format":"gguf","model_family":"llama"}'


@dataclass(frozen=True)
class LockedModel:
    """A hub manifest of weights and a system prompt; `layers` are its blobs."""

    pull: Pull
    layers: tuple[File, ...]

    def bring(self, host: OllamaHost) -> None:
        """Upload every layer."""
        for layer in self.layers:
            host.upload(layer.digest, Arrival.of(layer.path), quiet)

    def step(self, name: ModelName) -> Install:
        """Return the step that installs it."""
        return Install(name, self.pull)


def locked(folder: Path, weights: File, system: str, *, pretty: bool = False) -> LockedModel:
    """Return a locked model; a `pretty` manifest is one that hosts before 0.19 write anew."""
    config, prompt = _file(folder, CONFIG), _file(folder, system.encode())
    kinds = ((CONFIG_TYPE, config), (MODEL_TYPE, weights), (MODEL_TYPE.replace("model", "system"), prompt))
    head, *layers = ({"mediaType": kind, "digest": str(file.digest), "size": _size(file)} for kind, file in kinds)
    document: dict[str, object] = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": head, "layers": layers}
    if pretty:
        document["annotations"] = {"a": "<&>"}
    body = json.dumps(document, indent=2 if pretty else None, separators=None if pretty else (",", ":")).encode()
    manifest, name = read(body, "locked"), ModelName.parse("hub.example/team/locked:v1")
    pull = Pull(name, False, manifest.digest, manifest.layers, manifest.foretold, manifest.parts, body)
    return LockedModel(pull, (config, weights, prompt))


def _file(folder: Path, content: bytes) -> File:
    digest = Digest.of(content)
    path = folder / digest.hex
    path.write_bytes(content)
    return File(path, digest)


def _size(file: File) -> int:
    return file.path.stat().st_size
