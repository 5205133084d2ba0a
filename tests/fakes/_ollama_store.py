"""The store of the fake server: blobs and hub manifests in memory, laid out and inherited as the original does it."""

import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fakes._ollama_go import argument, decoded, printed

MEDIA = "application/vnd.ollama.image."
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
REWRITTEN = b"rewritten by the server"
ONE_OF_A_KIND = ("template", "system", "params", "messages")  # a new layer of these replaces the old one
DEFAULT_TEMPLATE = "{{ .Prompt }}"

Layer = dict[str, object]
Line = dict[str, object]


class Refused(Exception):
    """An error of the server: its text and the status that it has outside a stream."""

    def __init__(self, text: str, status: int = 500) -> None:
        super().__init__(text)
        self.text, self.status = text, status


def sha256(content: bytes) -> str:
    """Return `sha256:…` of these bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def full_name(text: str) -> tuple[str, str, str, str]:
    """Return hub, namespace, model and tag; raises Refused for what the server takes for no name."""
    head, colon, tag = text.rpartition(":")
    path, tag = (head, tag) if colon and "/" not in tag else (text, "latest")
    parts = ["registry.ollama.ai", "library"][: max(0, 3 - path.count("/") - 1)] + path.split("/")
    if len(parts) != 3 or not all(parts) or not tag or " " in text:
        raise Refused("invalid model name", 400)
    return parts[0], parts[1], parts[2], tag


def short_name(name: tuple[str, str, str, str]) -> str:
    """Return a name as the server lists it."""
    hub, namespace, model, tag = name
    if hub != "registry.ollama.ai":
        return f"{hub}/{namespace}/{model}:{tag}"
    return f"{model}:{tag}" if namespace == "library" else f"{namespace}/{model}:{tag}"


@dataclass
class Store:
    """Everything that a server keeps on its disk."""

    version: tuple[int, int, int] = (0, 9, 3)
    root: str = "/fake/models"
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str, str, str], bytes] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()  # fields of a create that are ignored, as every version does with newer ones

    def existing(self, text: str) -> tuple[str, str, str, str]:
        """Return a name with each part spelled like a part of any stored name, whatever model that belongs to."""
        parts = list(full_name(text))
        for stored in self.manifests:
            parts = [old if old.lower() == new.lower() else new for old, new in zip(stored, parts, strict=True)]
        return parts[0], parts[1], parts[2], parts[3]

    def put(self, content: bytes) -> str:
        """Keep a blob and return its digest."""
        digest = sha256(content)
        self.blobs[digest] = content
        return digest

    def layers(self, name: tuple[str, str, str, str]) -> list[Layer]:
        """Return the layers of a stored model."""
        found: list[Layer] = json.loads(self.manifests[name])["layers"]
        return found

    def config(self, name: tuple[str, str, str, str]) -> Line:
        """Return the config of a stored model; empty where there is none."""
        manifest = json.loads(self.manifests.get(name, b"{}"))
        found: Line = json.loads(self.blobs.get(manifest["config"]["digest"], b"{}")) if manifest else {}
        return found

    def write(self, name: tuple[str, str, str, str], manifest: bytes) -> None:
        """Store a manifest, and drop the blobs of the one before that nothing uses any more."""
        old = self.manifests.get(name)
        self.manifests[name] = manifest
        if old is not None:
            self.drop_unused(old)

    def drop_unused(self, manifest: bytes) -> None:
        """Delete the blobs of a manifest that is gone, unless another one names them."""
        used = {digest for other in self.manifests.values() for digest in _digests(other)}
        for digest in set(_digests(manifest)) - used:
            self.blobs.pop(digest, None)

    def restart(self) -> None:
        """Delete every blob that no manifest names, as a server before 0.21 does when it starts."""
        used = {digest for raw in self.manifests.values() for digest in _digests(raw)}
        self.blobs = {digest: content for digest, content in self.blobs.items() if digest in used}

    def listed(self) -> list[Line]:
        """Return the answer to `/api/tags`."""
        return [self._entry(name, raw) for name, raw in self.manifests.items() if _digests(raw)[0] in self.blobs]

    def _entry(self, name: tuple[str, str, str, str], raw: bytes) -> Line:
        manifest = json.loads(raw)
        size = sum(int(item["size"]) for item in (manifest["config"], *manifest["layers"]))
        details = {"parent_model": "", "format": "gguf", "family": "llama", "quantization_level": "F16"}
        digest = hashlib.sha256(raw).hexdigest()
        return {"name": short_name(name), "model": short_name(name), "size": size, "digest": digest, "details": details}

    def show(self, text: str) -> Line:
        """Return the answer to `/api/show`; raises Refused where the model or one of its blobs is missing."""
        name = self.existing(text)
        layers = self.layers(name) if name in self.manifests else []
        if not any(layer["mediaType"] == f"{MEDIA}model" for layer in layers) or not self._complete(layers):
            raise Refused(f"model '{text}' not found", 404)
        params = json.loads(self._texts(layers, "params")[-1]) if self._texts(layers, "params") else {}
        answer: Line = {
            "modelfile": self._modelfile(name, layers, params),
            "license": "\n".join(self._texts(layers, "license")),
            "parameters": "\n".join(_parameter_lines(params)),
            "template": next(reversed(self._texts(layers, "template")), DEFAULT_TEMPLATE),
            "system": next(reversed(self._texts(layers, "system")), ""),
            "messages": json.loads(next(reversed(self._texts(layers, "messages")), "[]")),
        }
        details = {"parent_model": str(layers[0].get("from", "")), "format": "gguf", "quantization_level": "F16"}
        return {**{key: value for key, value in answer.items() if value}, "details": details, "model_info": {}}

    def _complete(self, layers: Iterable[Layer]) -> bool:
        return all(str(layer["digest"]) in self.blobs for layer in layers)

    def _texts(self, layers: Iterable[Layer], kind: str) -> list[str]:
        return [self.blobs[str(layer["digest"])].decode() for layer in layers if layer["mediaType"] == f"{MEDIA}{kind}"]

    def _modelfile(self, name: tuple[str, str, str, str], layers: Iterable[Layer], params: Line) -> str:
        def paths(kind: str) -> list[str]:
            found = [str(layer["digest"]) for layer in layers if layer["mediaType"] == f"{MEDIA}{kind}"]
            return [f"{self.root}/blobs/{digest.replace(':', '-')}" for digest in found]

        template = next(reversed(self._texts(layers, "template")), DEFAULT_TEMPLATE)
        lines = ['# Modelfile generated by "ollama show"']
        lines += [f"# To build a new Modelfile based on this, replace FROM with:\n# FROM {short_name(name)}\n"]
        lines += [f"FROM {paths('model')[-1]}", *(f"ADAPTER {path}" for path in paths("adapter"))]
        lines += [f"FROM {path}" for path in paths("projector")]
        lines += [f"TEMPLATE {argument(template)}"]
        lines += [f"SYSTEM {argument(text)}" for text in self._texts(layers, "system")]
        config = self.config(name)
        lines += [f"{key.upper()} {config[key]}" for key in ("renderer", "parser") if key in config]
        lines += [f"PARAMETER {key} {argument(str(value))}" for key, value in params.items()]
        lines += [f"LICENSE {argument(text)}" for text in self._texts(layers, "license")]
        return "\n".join(lines) + "\n"


def _digests(raw: bytes) -> list[str]:
    """Return the digest of the config, then those of the layers."""
    manifest = json.loads(raw)
    return [str(item["digest"]) for item in (manifest["config"], *manifest["layers"])]


def _parameter_lines(params: Line) -> Iterator[str]:
    names = list(params)
    random.shuffle(names)
    for name in names:
        value = decoded(params[name])
        for item in value if isinstance(value, list) else [value]:
            yield f"{name:<30} {printed(item)}"
