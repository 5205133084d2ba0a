"""How the fake server makes models: create with all its inheritance and its faults, and pull from a registry."""

import json
import random
import re
from collections.abc import Iterator
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from tests.fakes._ollama_go import decoded, marshalled
from tests.fakes._ollama_store import (
    CONFIG,
    MANIFEST,
    MEDIA,
    ONE_OF_A_KIND,
    REWRITTEN,
    Layer,
    Line,
    Refused,
    Store,
    full_name,
    sha256,
)

RENDERING = ("renderer", "parser")  # kept in the config; dropped without a word before 0.12.0
RENDERERS = (0, 12, 0)
INHERITS_RENDERERS = (0, 12, 7)
STOPS_AT_ERRORS = (0, 12, 6)
RAW_MANIFESTS = (0, 19, 0)
REWRITES_GGUF = (0, 30, 0)
FIRST = re.compile(r"-00001-of-\d{5}\.gguf$")
PULL_TIMEOUT = 10  # seconds

_direct = build_opener(ProxyHandler({}))


def create(store: Store, request: Line, *, streaming: bool) -> Iterator[Line]:
    """Yield the progress of a create; raises Refused where the original reports an error."""
    request = {key: value for key, value in request.items() if key not in store.unknown}
    name = store.existing(str(request.get("model", "")))
    layers: list[Layer] = []
    if base := str(request.get("from", "")):
        if full_name(base) in store.manifests:
            layers = _inherited(store, base)
        elif streaming and store.version < STOPS_AT_ERRORS:
            yield {"error": "pull model manifest: file does not exist"}  # and on it goes, as the original does
        else:
            raise Refused("pull model manifest: file does not exist")
    elif files := _mapping(request, "files"):
        yield from _added(store, layers, files)
    else:
        raise Refused("neither 'from' or 'files' was specified", 400)
    if "adapters" in request:
        yield from _added(store, layers, _mapping(request, "adapters"))
    if quantize := str(request.get("quantize", "")):
        yield from _quantized(store, layers, quantize)
    for layer in _laid_over(store, layers, request):
        yield {"status": f"creating new layer {layer['digest']}"}
    yield {"status": "writing manifest"}
    store.write(name, _manifest(store, layers, _rendering(store, base, request)))
    yield {"status": "success"}


def pull(store: Store, request: Line, hub: str) -> Iterator[Line]:
    """Yield the progress of a pull from a registry: the one in the name, or `hub` for the default one."""
    name = store.existing(str(request.get("model", "")))
    yield {"status": "pulling manifest"}
    own = name[0] == "registry.ollama.ai"
    base = hub if own else f"{'http' if request.get('insecure') else 'https'}://{name[0]}"
    if not base:
        raise Refused("pull model manifest: dial tcp: lookup registry.ollama.ai: no such host")
    place = f"{base}/v2/{name[1]}/{name[2]}"
    raw = _fetched(f"{place}/manifests/{name[3]}", "pull model manifest: ")
    try:
        manifest = json.loads(raw)
    except ValueError as error:
        raise Refused("pull model manifest: invalid character '<' looking for beginning of value") from error
    for item in (*manifest["layers"], manifest["config"]):
        digest, size = str(item["digest"]), item["size"]
        if digest not in store.blobs:
            content = _fetched(f"{place}/blobs/{digest}", "")
            if sha256(content) != digest:
                raise Refused(f"digest mismatch, file must be downloaded again: want {digest}, got {sha256(content)}")
            store.blobs[digest] = content
        yield {"status": f"pulling {digest[7:19]}", "digest": digest, "total": size, "completed": size}
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    store.write(name, raw if store.version >= RAW_MANIFESTS else marshalled(manifest))
    yield {"status": "success"}


def _fetched(url: str, context: str) -> bytes:
    try:
        with _direct.open(Request(url, headers={"Accept": MANIFEST}), timeout=PULL_TIMEOUT) as answer:
            if "/blobs/" in url and answer.url == url and "Location" not in answer.headers:
                raise Refused("http: no Location header in response")
            return bytes(answer.read())
    except HTTPError as error:
        with error:
            reason = "file does not exist" if error.code == 404 else f"{error.code}: {error.read().decode()}"
        raise Refused(context + reason) from error
    except URLError as error:
        raise Refused(f"{context}dial tcp: connect: connection refused") from error


def _inherited(store: Store, base: str) -> list[Layer]:
    return [{**layer, "from": base} for layer in store.layers(full_name(base))]


def _mapping(request: Line, key: str) -> dict[str, str]:
    value = request.get(key)
    if value is not None and not value:
        raise Refused("unknown type", 400)
    return value if isinstance(value, dict) else {}


def _added(store: Store, layers: list[Layer], files: dict[str, str]) -> Iterator[Line]:
    """Add a layer for each file, in random order before 0.30; a safetensors model becomes one layer."""
    if any(name.endswith(".safetensors") for name in files):
        yield {"status": "converting model"}
        content = b"GGUF converted from " + json.dumps(sorted(files.items())).encode()
        layers.append(_layer(store, "model", content))
        return
    merged = _merged(store, files) if store.version >= REWRITES_GGUF else {}
    items = sorted((name, digest) for name, digest in files.items() if merged.get(name) != b"")
    if store.version < REWRITES_GGUF:
        random.shuffle(items)
    for name, digest in items:
        yield {"status": "parsing GGUF"}
        if name.startswith("/") or ".." in name:
            raise Refused("file path must be relative", 400)
        if digest not in store.blobs:
            path = f"{store.root}/blobs/{digest.replace(':', '-')}"
            raise Refused(f"open {path}: no such file or directory")
        content = merged.get(name, store.blobs[digest])
        if not content.startswith(b"GGUF"):
            raise Refused("supplied file was not in GGUF format", 400)
        kind = _kind(content)
        if kind == "model" and store.version >= REWRITES_GGUF and not content.endswith(REWRITTEN):
            content += REWRITTEN
        layers.append({**_layer(store, kind, content), "from": f"{store.root}/blobs/{digest.replace(':', '-')}"})
        yield {"status": f"using existing layer {digest}"}


def _merged(store: Store, files: dict[str, str]) -> dict[str, bytes]:
    """Return the content of the first part of each split model with all others, and nothing for those.

    All of them have to be there; older servers never look for them.
    """
    merged: dict[str, bytes] = {}
    for first in (name for name in files if FIRST.search(name)):
        names = [f"{first[:-20]}-{number:05}-of-{first[-10:]}" for number in range(1, int(first[-10:-5]) + 1)]
        there = [store.blobs[files[name]] for name in names if files.get(name) in store.blobs]
        if len(there) < len(names):
            raise Refused(f'split GGUF "{first}" has {len(there)} shards, expected {len(names)}')
        merged.update(dict.fromkeys(names, b""), **{first: b"".join(there)})
    return merged


def _kind(content: bytes) -> str:
    if b"adapter.lora.alpha" in content:
        return "adapter"
    return "projector" if b"vision.block_count" in content else "model"


def _quantized(store: Store, layers: list[Layer], to: str) -> Iterator[Line]:
    for place, layer in enumerate(layers):
        if layer["mediaType"] == f"{MEDIA}model":
            content = store.blobs[str(layer["digest"])]
            size = len(content)
            status = f"quantizing F16 model to {to.upper()}"
            yield {"status": status, "digest": "0000000000000000000", "total": size, "completed": size}
            layers[place] = _layer(store, "model", content + to.upper().encode())
    yield {"status": "verifying conversion"}


def _laid_over(store: Store, layers: list[Layer], request: Line) -> Iterator[Layer]:
    """Lay the declared fields over what is inherited: texts replace, parameters merge, licences are appended."""
    if str(request.get("template", "")).count("{{") != str(request.get("template", "")).count("}}"):
        raise Refused("template error: template: :1: unclosed action", 400)
    texts = {kind: decoded(request[kind]) for kind in ("template", "system") if request.get(kind)}
    if request.get("messages"):
        texts["messages"] = json.dumps(decoded(request["messages"]))
    if request.get("parameters"):
        texts["params"] = json.dumps({**_params(store, layers), **dict(request["parameters"])})  # type: ignore[call-overload]
    licences = request.get("license") or []
    new = [(kind, str(text)) for kind, text in texts.items()]
    new += [("license", str(text)) for text in (licences if isinstance(licences, list) else [licences])]
    for kind, text in new:
        if kind in ONE_OF_A_KIND:
            layers[:] = [layer for layer in layers if layer["mediaType"] != f"{MEDIA}{kind}"]
        layer = _layer(store, kind, text.encode())
        if layer not in layers:
            layers.append(layer)
            yield layer


def _params(store: Store, layers: list[Layer]) -> Line:
    found = [layer for layer in layers if layer["mediaType"] == f"{MEDIA}params"]
    return json.loads(store.blobs[str(found[-1]["digest"])]) if found else {}  # type: ignore[no-any-return]


def _layer(store: Store, kind: str, content: bytes) -> Layer:
    return {"mediaType": f"{MEDIA}{kind}", "digest": store.put(content), "size": len(content)}


def _rendering(store: Store, base: str, request: Line) -> Line:
    inherited = store.config(full_name(base)) if base and store.version >= INHERITS_RENDERERS else {}
    known = RENDERING if store.version >= RENDERERS else ()
    named = {key: request.get(key) or inherited.get(key) for key in known}
    return {key: value for key, value in named.items() if value}


def _manifest(store: Store, layers: list[Layer], rendering: Line) -> bytes:
    rootfs = {"diff_ids": [layer["digest"] for layer in layers]}
    config = json.dumps({"model_format": "gguf", "rootfs": rootfs, **rendering})
    head = {"mediaType": CONFIG, "digest": store.put(config.encode()), "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": head, "layers": layers}
    return json.dumps(manifest, separators=(",", ":")).encode() + b"\n"
