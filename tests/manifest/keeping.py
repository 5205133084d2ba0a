"""A folder of manifests of which everything was read, and what is said about it."""

import os
from pathlib import Path

from reconciler.errors import ManifestError
from reconciler.manifest.folder import Folder
from reconciler.manifest.kept import Kept
from reconciler.manifest.load import Loaded, load

HEAD = "apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def manifest(name: str, spec: str = "{source: {ollama: a}}", kind: str = "Model") -> str:
    return HEAD.format(kind=kind, name=name, spec=spec)


def said(paths: list[Path], cache: Path | None) -> object:
    """Return all that comes of reading, refusals too."""
    try:
        return load(paths, cache)
    except ManifestError as error:
        return error.diagnostics


def known(paths: list[Path], cache: Path) -> bool:
    """Tell whether all that is declared would be taken from the cache."""
    kept = Kept.of(cache, paths)
    for file in sorted(file for path in paths for file in path.rglob("*.yaml")):
        kept.declared(str(file), file.read_bytes(), Folder(os.path.realpath(file.parent)))
    return kept.doubts() is not None


def everything_read(tmp_path: Path) -> Path:
    """Return a folder of which everything was read, with all sorts of files that are named; the cache is beside it."""
    home = tmp_path / "home"
    for name in ("weights", "other"):
        (home / name).mkdir(parents=True)
        (home / name / "model.safetensors").write_text(name)
    for name in ("a.gguf", "t.tmpl", "ca.pem", "outside"):
        (home.parent if name == "outside" else home).joinpath(name).write_text("as it was")
    (home / "e1.jsonl").write_text('{"user": "a", "assistant": "b"}\n')
    (home / "link").symlink_to("weights")
    parts = {
        "files": manifest("files", "{source: {gguf: a.gguf}, templateFile: t.tmpl}"),
        "folder": manifest("folder", "{source: {safetensors: link}}"),
        "tune": manifest("tune", "{base: files, examplesFrom: ['*.jsonl']}", "FineTune"),
        "host": manifest("host", "{url: 'http://h', tls: {caFile: ca.pem}}", "Host"),
        "doubtful": manifest("doubtful", "{base: nothing-here}", "FineTune"),
        "ignored": "# reconciler: ignore\nwhat: ever\n",
    }
    for name, text in parts.items():
        (home / f"{name}.yaml").write_text(text)
    assert isinstance(said([home], tmp_path / "cache"), Loaded)
    assert known([home], tmp_path / "cache")
    return home
