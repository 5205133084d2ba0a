"""A host that holds models already: put into its store as a pull or a create would leave them.

A pull takes a real server a second for each new blob, a create all its other models' manifests.
"""

import hashlib
import json
from pathlib import Path

from tests.bench.scene import Scene
from tests.parts.gguf import tiny_model
from tests.parts.registry import CONFIG_TYPE, MANIFEST_TYPE, MODEL_TYPE, Layer

Entry = dict[str, object]
Build = tuple[str, str, str]  # name, base, system prompt
_SYSTEM_TYPE = "application/vnd.ollama.image.system"
_CONFIG = {
    "model_format": "gguf",
    "model_family": "llama",
    "model_families": ["llama"],
    "model_type": "11K",
    "file_type": "F16",
}
_REPO = "bench/pulled"


def pulled(scene: Scene, count: int, place: str = "") -> list[str]:
    """Have registry and host hold so many tags, all of the same weights; return their names.

    `place` is where the host has them from, if not the registry itself.
    """
    place = place or scene.registry.hub
    weights = scene.folder / "tiny.gguf"
    if not weights.exists():
        tiny_model(weights)
    large = Layer(MODEL_TYPE, weights.read_bytes())
    config = Layer(CONFIG_TYPE, _compact(_CONFIG))
    _kept(scene.ollama.store, large.content, config.content)
    shared = [scene.registry.put_blob(_REPO, layer) for layer in (config, large)]
    tags = [f"v{number:04}" for number in range(count)]
    for tag in tags:
        _pulled(scene, place, tag, *shared)
    return [f"{place}/{_REPO}:{tag}" for tag in tags]


def _pulled(scene: Scene, place: str, tag: str, config: Entry, weights: Entry) -> None:
    manifest = scene.ollama.store / "manifests" / place / _REPO / tag
    if not manifest.exists():
        small = Layer(_SYSTEM_TYPE, f"You are {tag}.".encode())
        content = _manifest(config, weights, scene.registry.put_blob(_REPO, small))
        scene.registry.put_manifest(_REPO, tag, content)
        _kept(scene.ollama.store, small.content)
        _written(manifest, content)


def built(scene: Scene, base: str, count: int) -> list[Build]:
    """Have the host hold so many builds of a base that was pulled.

    The last is made by the server as well. Where that differs by a byte from what is written here, as it may with
    another version, the server makes all of them.
    """
    builds = [(f"b{number:04}", base, f"You are build {number}.") for number in range(count)]
    for build in builds:
        _built(scene, *build)
    last = _place(scene.ollama.store, builds[-1][0])
    written = last.read_bytes()
    _created(scene, *builds[-1])
    if last.read_bytes() != written:
        for build in builds:
            _created(scene, *build)
    return builds


def _created(scene: Scene, name: str, base: str, system: str) -> None:
    scene.server.call("POST", "/api/create", model=name, system=system, **{"from": base})


def _built(scene: Scene, name: str, base: str, system: str) -> None:
    store = scene.ollama.store
    hub, _, rest = base.partition("/")
    weights = json.loads((store / "manifests" / hub / rest.replace(":", "/")).read_bytes())["layers"][0]
    layers = [{**weights, "from": base}, _entry(_SYSTEM_TYPE, system.encode())]
    root = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
    config = _compact({**_CONFIG, "architecture": "amd64", "os": "linux", "rootfs": root}) + b"\n"
    _kept(store, system.encode(), config)
    _written(_place(store, name), _manifest(_entry(CONFIG_TYPE, config), *layers) + b"\n")


def _place(store: Path, name: str) -> Path:
    return store / "manifests" / "registry.ollama.ai" / "library" / name / "latest"


def _manifest(config: Entry, *layers: Entry) -> bytes:
    return _compact({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers})


def _entry(type: str, content: bytes) -> Entry:
    return {"mediaType": type, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}


def _compact(document: Entry) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _kept(store: Path, *contents: bytes) -> None:
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    for content in contents:
        (store / "blobs" / f"sha256-{hashlib.sha256(content).hexdigest()}").write_bytes(content)


def _written(manifest: Path, content: bytes) -> None:
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_bytes(content)
