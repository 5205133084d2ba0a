"""A real registry to pull from: Debian's docker-registry, and nginx before it.

Ollama pulls only where an answer with a blob carries a `Location` header, which plain registries do not
send; nginx adds it. `hub` is that front, `plain` the registry itself, and `private` a second one over the
same content that wants a login.
"""

import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from tests.parts.debian import search_path
from tests.parts.ollama import REPOSITORY

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
MODEL_TYPE = "application/vnd.ollama.image.model"
START_TIMEOUT = 20.0  # seconds
UNPACKED = REPOSITORY / ".parts" / "registry"

LOGIN = "reader:open sesame"  # user:password of `private`
_HTPASSWD = "reader:$2b$04$7NFUtgZmKeERZ.Tz8tZQmeKW7nHS74Nlj.wBkaXKU3b7yj69BEzsm\n"  # the same, by bcrypt

_direct = build_opener(ProxyHandler({}))

_REGISTRY = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: "{folder}/blobs"}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""

_AUTH = 'auth: {{htpasswd: {{realm: private, path: "{folder}/htpasswd"}}}}\n'

_NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{hub};
    proxy_set_header Host $http_host;
    location ~ ^/v2/.+/blobs/sha256: {{
      proxy_pass http://127.0.0.1:{plain};
      add_header Location $scheme://$http_host$request_uri always;
    }}
    location / {{ proxy_pass http://127.0.0.1:{plain}; }}
  }}
}}
"""


def available() -> str | None:
    """Return why there can be no real registry on this machine, or None where there can."""
    missing = [name for name in ("docker-registry", "nginx") if _program(name) is None]
    return f"no {' and no '.join(missing)}: run `make parts`, or install with apt" if missing else None


@dataclass(frozen=True)
class Layer:
    """One blob of a model, by its media type."""

    type: str
    content: bytes


class RealRegistry:
    """All processes, on free ports of the loopback, with everything they write in one folder."""

    def __init__(self, folder: Path) -> None:
        if why := available():
            raise RuntimeError(why)
        self._folder = folder.resolve()
        self._ports = plain, hub, private = _free_ports()
        self.plain, self.hub, self.private = f"127.0.0.1:{plain}", f"127.0.0.1:{hub}", f"127.0.0.1:{private}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def access_log(self) -> str:
        """Return what nginx wrote about every request; it writes after it answered, so a last one is waited for."""
        mark = f"/v2/?mark={time.monotonic_ns()}"
        _request("GET", f"http://{self.hub}{mark}", None, {})
        log, deadline = self._folder / "access.log", time.monotonic() + START_TIMEOUT
        while mark not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        return log.read_text()

    def start(self) -> None:
        """Start all and wait until they answer; raises RuntimeError where they do not."""
        self._write_settings()
        for name in ("plain.yml", "private.yml"):
            self._run("docker-registry", "serve", f"{self._folder}/{name}")
        self._run(
            "nginx", "-p", f"{self._folder}", "-e", f"{self._folder}/nginx.log", "-c", f"{self._folder}/nginx.conf"
        )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if time.monotonic() > deadline or any(process.poll() is not None for process in self._processes):
                self.stop()
                raise RuntimeError(f"the registry did not start: {self._logs()}")
            time.sleep(0.02)

    def _write_settings(self) -> None:
        plain, hub, private = self._ports
        self._folder.mkdir(parents=True, exist_ok=True)
        texts = {
            "plain.yml": _REGISTRY.format(folder=self._folder, port=plain),
            "private.yml": (_REGISTRY + _AUTH).format(folder=self._folder, port=private),
            "nginx.conf": _NGINX.format(folder=self._folder, plain=plain, hub=hub),
            "htpasswd": _HTPASSWD,
        }
        for name, text in texts.items():
            (self._folder / name).write_text(text)

    def stop(self) -> None:
        """End all."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait()
        self._processes.clear()

    def push(self, host_url: str, name: str) -> None:
        """Have an Ollama host push a model; `name` begins with `hub` or `plain`. Raises RuntimeError if it can't."""
        body = json.dumps({"model": name, "insecure": True, "stream": False}).encode()
        answer = _request("POST", f"{host_url}/api/push", body, {"Content-Type": "application/json"})
        if json.loads(answer).get("status") != "success":
            raise RuntimeError(f"the host did not push {name}: {answer.decode()}")

    def put_model(self, repo: str, tag: str, *layers: Layer, config: bytes = b"{}") -> str:
        """Put blobs and a manifest of them; returns the digest that the registry gives to the manifest."""
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.put_blob(repo, Layer(CONFIG_TYPE, config)),
            "layers": [self.put_blob(repo, layer) for layer in layers],
        }
        return self.put_manifest(repo, tag, json.dumps(document, separators=(",", ":")).encode())

    def put_blob(self, repo: str, layer: Layer) -> dict[str, object]:
        """Put one blob; returns its entry in a manifest."""
        digest = f"sha256:{hashlib.sha256(layer.content).hexdigest()}"
        with _direct.open(Request(f"http://{self.plain}/v2/{repo}/blobs/uploads/", b"", method="POST")) as answer:
            place = answer.headers["Location"]
        joint = "&" if "?" in place else "?"
        headers = {"Content-Type": "application/octet-stream"}
        _request("PUT", f"{place}{joint}digest={digest}", layer.content, headers)
        return {"mediaType": layer.type, "digest": digest, "size": len(layer.content)}

    def put_manifest(self, repo: str, tag: str, body: bytes, type: str = MANIFEST_TYPE) -> str:
        """Put these very bytes as the manifest of a tag; its blobs must be there. Returns its digest."""
        _request("PUT", f"http://{self.plain}/v2/{repo}/manifests/{tag}", body, {"Content-Type": type})
        return f"sha256:{hashlib.sha256(body).hexdigest()}"

    def manifest(self, repo: str, tag: str) -> bytes:
        """Return the bytes of a manifest."""
        return _request("GET", f"http://{self.plain}/v2/{repo}/manifests/{tag}", None, {"Accept": MANIFEST_TYPE})

    def drop_blob(self, repo: str, digest: str) -> None:
        """Delete a blob from a repo, as a registry's own clean-up would."""
        _request("DELETE", f"http://{self.plain}/v2/{repo}/blobs/{digest}", None, {})

    def _run(self, name: str, *arguments: str) -> None:
        program = _program(name)
        assert program is not None
        with (self._folder / f"{name}.out").open("ab") as out:
            self._processes.append(
                subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            )

    def _answers(self) -> bool:
        return _status(f"http://{self.hub}/v2/") == 200 and _status(f"http://{self.private}/v2/") == 401

    def _logs(self) -> str:
        texts: Sequence[str] = [log.read_text(errors="replace")[-1000:] for log in self._folder.glob("*.[ol][uo]*")]
        return "\n".join(texts)


def _free_ports() -> tuple[int, int, int]:
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for probe in (one, two, three):
            probe.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(two.getsockname()[1]), int(three.getsockname()[1])


def _status(url: str) -> int:
    try:
        with _direct.open(url, timeout=2) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


def _program(name: str) -> str | None:
    return shutil.which(name, path=search_path(UNPACKED))


def _request(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> bytes:
    try:
        with _direct.open(Request(url, body, headers, method=method)) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        raise RuntimeError(f"{method} {url}: {error.code} {error.read().decode(errors='replace')}") from error
