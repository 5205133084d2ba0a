"""A host that holds models already: put into its store as a pull would leave them, because a pull takes seconds."""

import hashlib
import json
from pathlib import Path

from tests.bench.scene import Scene
from tests.parts.gguf import tiny_model
from tests.parts.registry import MODEL_TYPE, Layer

_SYSTEM = "application/vnd.ollama.image.system"
_CONFIG = (
    b'{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"1M","file_type":"F16"}'
)


def stocked(scene: Scene, count: int) -> list[str]:
    """Have registry and host hold so many models, all of the same weights; return their names."""
    weights = scene.folder / "tiny.gguf"
    if not weights.exists():
        tiny_model(weights)
    large = Layer(MODEL_TYPE, weights.read_bytes())
    _kept(scene.ollama.store, large.content)
    _kept(scene.ollama.store, _CONFIG)
    return [_stocked(scene, f"m{number:04}", large) for number in range(count)]


def _stocked(scene: Scene, model: str, large: Layer) -> str:
    manifest = scene.ollama.store / "manifests" / scene.registry.hub / "bench" / model / "v1"
    if not manifest.exists():
        small = Layer(_SYSTEM, f"You are {model}.".encode())
        scene.registry.put_model(f"bench/{model}", "v1", large, small, config=_CONFIG)
        _kept(scene.ollama.store, small.content)
        manifest.parent.mkdir(parents=True)
        manifest.write_bytes(scene.registry.manifest(f"bench/{model}", "v1"))
        _all_there(scene.ollama.store, manifest)
    return f"{scene.registry.hub}/bench/{model}:v1"


def _kept(store: Path, content: bytes) -> None:
    path = store / "blobs" / f"sha256-{hashlib.sha256(content).hexdigest()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _all_there(store: Path, manifest: Path) -> None:
    found = json.loads(manifest.read_bytes())
    for layer in (found["config"], *found["layers"]):
        assert (store / "blobs" / layer["digest"].replace(":", "-")).stat().st_size == layer["size"]
