"""Manifests of every source type, for the tests of the lock."""

import json
from pathlib import Path

from tests.fakes.hf_server import HubServer
from tests.fakes.oci_server import OciServer
from tests.manifests import write
from tests.sources.test_ollama import manifest

LOCK = "reconciler.lock"


def pulled(folder: Path, oci: OciServer, name: str = "pulled", version: int = 1) -> str:
    """Declare a model of a registry, put a version of it there, and return its name in the lock."""
    oci.manifests[f"team/{name}:v1"] = manifest(version=version)
    source = f"{{name: '{oci.address}/team/{name}:v1', insecure: true}}"
    write(folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec: {{source: {{ollama: {source}}}}}\n")
    return f"ollama {oci.address}/team/{name}:v1"


def far(folder: Path, hub: HubServer, content: bytes = b"one", more: str = "") -> str:
    """Declare a model of a Hugging Face repo, put a commit of it there, and return its name in the lock."""
    hub.commit("org/repo", {"m-Q8_0.gguf": content})
    source = f"{{repo: org/repo, quantization: Q8_0{more}}}"
    write(folder, "far", f"kind: Model\nmetadata: {{name: far}}\nspec: {{source: {{huggingface: {source}}}}}\n")
    return "huggingface org/repo@main Q8_0"


def held(folder: Path) -> dict[str, dict[str, object]]:
    """Return what the lock of a folder holds, by name."""
    found: dict[str, dict[str, object]] = json.loads((folder / LOCK).read_text())["references"]
    return found


def spoil(folder: Path, name: str, **values: object) -> None:
    """Change an entry by hand."""
    whole = json.loads((folder / LOCK).read_text())
    whole["references"][name].update(values)
    (folder / LOCK).write_text(json.dumps(whole, indent=2))
