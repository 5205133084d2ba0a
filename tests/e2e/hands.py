"""What somebody else does to a server, by hand and over plain HTTP; the official client would drop half of it."""

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.parts.ollama import RealOllama

_LAYER = "application/vnd.ollama.image."
_WRITES = ("/api/create", "/api/copy", "/api/delete", "/api/pull", "/api/blobs/")

Stored = dict[str, list[bytes]]


class Hands:
    """Somebody with access to one server, and to its disk."""

    def __init__(self, server: RealOllama) -> None:
        self._server = server

    def create(self, model: str, **fields: object) -> None:
        """Make or replace a model; `base` is sent as `from`."""
        given = {"from" if name == "base" else name: value for name, value in fields.items()}
        answer = self._call("create", {"model": model, "stream": False, **given})
        assert answer == {"status": "success"}, answer

    def copy(self, source: str, destination: str) -> None:
        """Copy a model, over whatever has that name."""
        self._call("copy", {"source": source, "destination": destination})

    def upload(self, path: Path, digest: str) -> None:
        """Bring a file onto the server."""
        with urlopen(Request(f"{self._server.url}/api/blobs/{digest}", path.read_bytes(), method="POST")):
            pass

    def pull(self, model: str) -> None:
        """Pull a model over plain http."""
        assert self._call("pull", {"model": model, "insecure": True, "stream": False}) == {"status": "success"}

    def publish(self, model: str) -> None:
        """Push a model to its hub over plain http, and leave nothing of it on the server."""
        assert self._call("push", {"model": model, "insecure": True, "stream": False}) == {"status": "success"}
        self.delete(model)

    def delete(self, *models: str) -> None:
        """Delete models."""
        for model in models:
            self._call("delete", {"model": model}, method="DELETE")

    def show(self, model: str) -> Any:
        """Return all that the server says about a model."""
        return self._call("show", {"model": model})

    def listed(self) -> dict[str, tuple[str, str]]:
        """Return the digest and the time of change of every model."""
        with urlopen(f"{self._server.url}/api/tags") as answer:
            return {item["name"]: (item["digest"], item["modified_at"]) for item in json.load(answer)["models"]}

    def digest(self, model: str) -> str:
        """Return the digest of a model."""
        return self.listed()[_tagged(model)][0]

    def stored(self, model: str) -> Stored:
        """Return the layers of a model as they lie on the disk, by kind."""
        name, tag = _tagged(model).split(":")
        manifest = self._server.store / "manifests" / "registry.ollama.ai" / "library" / name / tag
        found: Stored = {}
        for layer in json.loads(manifest.read_text())["layers"]:
            kind = layer["mediaType"].removeprefix(_LAYER)
            found.setdefault(kind, []).append(self._blob(layer["digest"]).read_bytes())
        return found

    def writes(self) -> int:
        """Return how many requests that write something the server has logged so far."""
        lines = self._server.log.read_text(errors="replace").splitlines()
        return sum("[GIN]" in line and "HEAD" not in line and any(path in line for path in _WRITES) for line in lines)

    def _blob(self, digest: str) -> Path:
        return self._server.store / "blobs" / digest.replace(":", "-")

    def _call(self, call: str, body: object, method: str = "POST") -> Any:
        request = Request(f"{self._server.url}/api/{call}", json.dumps(body).encode(), method=method)
        with urlopen(request) as answer:
            content = answer.read()
        return json.loads(content) if content else None


def _tagged(model: str) -> str:
    return model if ":" in model else f"{model}:latest"
