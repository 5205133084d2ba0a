"""Models on a fake registry: whole ones, with every blob behind their manifest."""

import json
from pathlib import Path

from tests.fakes._ollama_store import sha256
from tests.fakes.oci_server import OciServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.ollama.image."


def publish(server: OciServer, folder: Path, tag: str, *layers: tuple[str, bytes], **config: object) -> str:
    """Put a model under `<namespace>/<model>:<tag>`, its blobs in `folder`; return the digest of its manifest."""

    def blob(media: str, content: bytes) -> dict[str, object]:
        digest = sha256(content)
        path = folder / digest.replace(":", "-")
        path.write_bytes(content)
        server.blobs[digest] = path
        return {"mediaType": media, "digest": digest, "size": len(content)}

    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(CONFIG, json.dumps({"model_format": "gguf", **config}).encode()),
        "layers": [blob(LAYER + kind, content) for kind, content in layers],
    }
    body = server.manifests[tag] = json.dumps(document, separators=(",", ":")).encode()
    return sha256(body)
