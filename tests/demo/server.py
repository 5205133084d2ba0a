"""What the Ollama server itself says, asked without any of our code; and what somebody else does to it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

_direct = build_opener(ProxyHandler({}))
TIMEOUT = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Server:
    """One Ollama server by its address; every method raises URLError where it refuses."""

    url: str

    def call(self, method: str, path: str, **body: object) -> Any:
        """Return the server's answer to one request in JSON."""
        return json.loads(self._send(method, path, json.dumps({"stream": False, **body}).encode()) or b"{}")

    def upload(self, digest: str, content: bytes) -> None:
        """Give the server a blob."""
        self._send("POST", f"/api/blobs/{digest}", content)

    def version(self) -> str:
        """Return the server's version."""
        return str(json.loads(self._send("GET", "/api/version", None))["version"])

    def models(self) -> dict[str, tuple[str, str]]:
        """Return digest and time of last change of each model by its name; the time moves with every write."""
        listed = json.loads(self._send("GET", "/api/tags", None))["models"]
        return {item["name"]: (item["digest"], item["modified_at"]) for item in listed}

    def show(self, name: str) -> Any:
        """Return all that the server says about a model."""
        return self.call("POST", "/api/show", model=name)

    def _send(self, method: str, path: str, data: bytes | None) -> bytes:
        request = Request(f"{self.url}{path}", data, {"Content-Type": "application/json"}, method=method)
        with _direct.open(request, timeout=TIMEOUT) as answer:
            return bytes(answer.read())
