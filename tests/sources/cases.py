"""The source types as the contract suites see them: what to ask of each, and how to change what answers."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact
from reconciler.core.resource import SourceRef
from reconciler.ports import Source
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
from tests.fakes.hf_server import HubServer
from tests.fakes.oci_server import OciServer
from tests.parts.gguf import in_parts, tiny_model, tiny_projector
from tests.parts.safetensors import put, tiny_llama
from tests.sources.references import ref
from tests.sources.test_ollama import manifest


@dataclass(frozen=True)
class Case:
    """One source type with a question that it can answer, one that it can't, and ways to change what answers."""

    source: Source
    elsewhere: Source  # the same for another process on another machine, which has asked nobody anything
    good: SourceRef
    bad: SourceRef
    others: tuple[SourceRef, ...]  # further questions, which all mean something else
    move: Callable[[], object]  # has the good question mean something else
    drop: Callable[[], object]  # has upstream lose what the good question meant
    close: Callable[[], object]  # leaves nobody to ask
    url: str = ""  # of the hub; empty where there is none


def _elsewhere(context: Context, folder: Path) -> Context:
    own = folder / "elsewhere"
    return replace(context, http=Http(stall_timeout=5), cache=FileCache(own / "answers"), downloads=own / "downloads")


def _ollama(context: Context, folder: Path) -> Iterator[Case]:
    with OciServer() as server:
        server.manifests["team/m:v1"] = manifest()
        for content in (b"weights", b"config"):
            path = folder / Digest.of(content).hex
            path.write_bytes(content)
            server.blobs[str(Digest.of(content))] = path
        others = ("team/m:v2", "team/n:v1", "other/m:v1", "team/m")
        yield Case(
            load("ollama", context),
            load("ollama", _elsewhere(context, folder)),
            ref("ollama", name=f"{server.address}/team/m:v1", insecure=True),
            ref("ollama", name=f"{server.address}/team/none", insecure=True),
            (*(ref("ollama", name=f"{server.address}/{name}") for name in others), ref("ollama", name="team/m:v1")),
            lambda: server.manifests.update({"team/m:v1": manifest(extra=1)}),
            server.blobs.clear,
            server.close,
        )


def _huggingface(context: Context, folder: Path) -> Iterator[Case]:
    with HubServer(folder / "hub") as server:
        server.commit("org/m-GGUF", {"m-Q4_0.gguf": b"one"})
        repo = {"repo": "org/m-GGUF"}
        others: tuple[dict[str, Fact], ...] = (
            repo,
            {**repo, "file": "m-Q4_0.gguf"},
            {**repo, "quantization": "Q4_0", "revision": "v2"},
            {**repo, "prefer": ("Q4_0", "Q8_0")},
            {**repo, "prefer": ("Q4_0",), "maxSize": 1 << 30},
            {**repo, "maxSize": 1 << 30},
            {**repo, "maxSize": 1 << 40},
        )
        there = {"HF_ENDPOINT": server.url}
        yield Case(
            load("huggingface", replace(context, environ=there)),
            load("huggingface", replace(_elsewhere(context, folder), environ=there)),
            ref("huggingface", quantization="Q4_0", **repo),
            ref("huggingface", quantization="Q8_0", **repo),
            tuple(ref("huggingface", **other) for other in (*others, {"repo": "org/n-GGUF", "quantization": "Q4_0"})),
            lambda: server.commit("org/m-GGUF", {"m-Q4_0.gguf": b"two"}),
            lambda: server.state.repos.pop("org/m-GGUF"),
            server.close,
            server.url,
        )


def _gguf(context: Context, folder: Path) -> Iterator[Case]:
    path = folder / "m.gguf"
    tiny_model(path)
    yield Case(
        load("gguf", context),
        load("gguf", _elsewhere(context, folder)),
        ref("gguf", path=str(path)),
        ref("gguf", path=str(folder / "none.gguf")),
        (ref("gguf", path=str(folder / "n.gguf")), ref("gguf", path=str(folder / "sub" / "m.gguf"))),
        lambda: tiny_model(path, seed=1),
        path.unlink,
        lambda: path.unlink(missing_ok=True),
    )


def _huggingface_pair(context: Context, folder: Path) -> Iterator[Case]:
    """Yield a model whose projector moves, and nothing else."""
    eyes = {seed: _bytes(tiny_projector, folder, seed) for seed in (0, 1)}
    with HubServer(folder / "hub") as server:
        server.commit("org/v-GGUF", {"v-Q4_0.gguf": b"one", "mmproj-v.gguf": eyes[0]})
        repo, there = {"repo": "org/v-GGUF"}, {"HF_ENDPOINT": server.url}
        others: tuple[dict[str, Fact], ...] = ({}, {"mmproj": "none"}, {"mmproj": "none", "quantization": "Q4_0"})
        yield Case(
            load("huggingface", replace(context, environ=there)),
            load("huggingface", replace(_elsewhere(context, folder), environ=there)),
            ref("huggingface", mmproj="mmproj-v.gguf", **repo),
            ref("huggingface", mmproj="mmproj-w.gguf", **repo),
            tuple(ref("huggingface", **repo, **other) for other in others),
            lambda: server.commit("org/v-GGUF", {"v-Q4_0.gguf": b"one", "mmproj-v.gguf": eyes[1]}),
            lambda: server.state.repos.pop("org/v-GGUF"),
            server.close,
            server.url,
        )


def _gguf_pair(context: Context, folder: Path) -> Iterator[Case]:
    """Yield a model whose projector moves, and nothing else."""
    path, beside = folder / "m.gguf", folder / "beside" / "mmproj.gguf"
    beside.parent.mkdir()
    tiny_model(path)
    tiny_projector(beside)
    yield Case(
        load("gguf", context),
        load("gguf", _elsewhere(context, folder)),
        ref("gguf", path=str(path), mmproj=str(beside)),
        ref("gguf", path=str(path), mmproj=str(path)),
        (ref("gguf", path=str(path)), ref("gguf", path=str(beside), mmproj=str(path))),
        lambda: tiny_projector(beside, seed=1),
        lambda: (path.unlink(), beside.unlink()),
        lambda: [one.unlink(missing_ok=True) for one in (path, beside)],
    )


def _gguf_parts(context: Context, folder: Path) -> Iterator[Case]:
    """Yield a model in parts, asked for by the second of them."""
    parts = _parts(folder, 0)
    yield Case(
        load("gguf", context),
        load("gguf", _elsewhere(context, folder)),
        ref("gguf", path=str(parts[1])),
        ref("gguf", path=str(folder / "none-00001-of-00002.gguf")),
        (ref("gguf", path=str(parts[0])), ref("gguf", path=str(folder / "sub" / parts[1].name))),
        lambda: _parts(folder, 1),
        lambda: [part.unlink() for part in parts],
        lambda: [part.unlink(missing_ok=True) for part in parts],
    )


def _parts(folder: Path, seed: int) -> list[Path]:
    tiny_model(folder / "m-Q4_0.gguf", seed=seed)
    parts = in_parts(folder / "m-Q4_0.gguf", 5)
    (folder / "m-Q4_0.gguf").unlink()
    return parts


def _huggingface_parts(context: Context, folder: Path) -> Iterator[Case]:
    """Yield a model in parts, of which one moves."""
    with HubServer(folder / "hub") as server:
        server.commit("org/p-GGUF", {part.name: part.read_bytes() for part in _parts(folder, 0)})
        repo, there = {"repo": "org/p-GGUF"}, {"HF_ENDPOINT": server.url}
        others: tuple[dict[str, Fact], ...] = ({}, {"quantization": "Q4_0"}, {"maxSize": 1 << 40})
        yield Case(
            load("huggingface", replace(context, environ=there)),
            load("huggingface", replace(_elsewhere(context, folder), environ=there)),
            ref("huggingface", file="m-Q4_0-00002-of-00003.gguf", **repo),
            ref("huggingface", file="m-Q4_0-00002-of-00004.gguf", **repo),
            tuple(ref("huggingface", **repo, **other) for other in others),
            lambda: server.commit("org/p-GGUF", {part.name: part.read_bytes() for part in _parts(folder, 1)}),
            lambda: server.state.repos.pop("org/p-GGUF"),
            server.close,
            server.url,
        )


def _bytes(make: Callable[..., object], folder: Path, seed: int) -> bytes:
    make(folder / "made.gguf", seed=seed)
    return (folder / "made.gguf").read_bytes()


def _safetensors(context: Context, folder: Path) -> Iterator[Case]:
    there = put(folder / "tiny", tiny_llama())
    yield Case(
        load("safetensors", context),
        load("safetensors", _elsewhere(context, folder)),
        ref("safetensors", path=str(there)),
        ref("safetensors", path=str(folder / "none")),
        (ref("safetensors", path=str(folder)),),
        lambda: put(there, tiny_llama(seed=1)),
        lambda: shutil.rmtree(there),
        lambda: shutil.rmtree(there, ignore_errors=True),
    )


def _huggingface_tensors(context: Context, folder: Path) -> Iterator[Case]:
    """Yield a model in safetensors whose small files are kept in git itself."""
    with HubServer(folder / "hub") as server:

        def commit(seed: int) -> str:
            files = tiny_llama(seed=seed)
            server.commit("org/t", {"model.safetensors": files.pop("model.safetensors")})
            return server.add("org/t", files, lfs=False)

        commit(0)
        there = {"HF_ENDPOINT": server.url}
        yield Case(
            load("huggingface", replace(context, environ=there)),
            load("huggingface", replace(_elsewhere(context, folder), environ=there)),
            ref("huggingface", repo="org/t", format="safetensors"),
            ref("huggingface", repo="org/none", format="safetensors"),
            (ref("huggingface", repo="org/t"), ref("huggingface", repo="org/t", format="safetensors", revision="v2")),
            lambda: commit(1),
            lambda: server.state.repos.pop("org/t"),
            server.close,
            server.url,
        )


CASES = {
    "gguf": _gguf,
    "gguf pair": _gguf_pair,
    "gguf parts": _gguf_parts,
    "huggingface": _huggingface,
    "huggingface pair": _huggingface_pair,
    "huggingface parts": _huggingface_parts,
    "huggingface safetensors": _huggingface_tensors,
    "ollama": _ollama,
    "safetensors": _safetensors,
}
