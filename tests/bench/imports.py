"""A GGUF that is on this machine, brought onto a host: the first time, and once more."""

import os

from tests.bench.measure import Row, in_turns
from tests.bench.scene import Scene
from tests.parts.ollama import REPOSITORY

_FILE = REPOSITORY / ".parts" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
_MANIFEST = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: imported}
spec: {source: {gguf: ./model.gguf}}
"""


def imports(scene: Scene) -> list[Row]:
    """Measure the import of a local file against `ollama create`."""
    folder = scene.folder / "import"
    folder.mkdir()
    os.link(_FILE, folder / "model.gguf") if _FILE.stat().st_dev == folder.stat().st_dev else (
        folder / "model.gguf"
    ).write_bytes(_FILE.read_bytes())
    (folder / "models.yaml").write_text(_MANIFEST)
    modelfile = folder / "Modelfile"
    modelfile.write_text(f"FROM {folder}/model.gguf\n")

    def ours() -> None:
        scene.reconciler("--log-level", "warning", "apply", "--auto-approve", "import")

    def theirs() -> None:
        scene.ollama_cli("create", "by-hand", "-f", str(modelfile))

    def afresh() -> None:
        for name in set(scene.server.models()) & {"imported:latest", "by-hand:latest"}:
            scene.server.call("DELETE", "/api/delete", model=name)
        for kept in (scene.folder / "cache").rglob("*"):
            if kept.is_file():
                kept.unlink()

    first = in_turns(ours, theirs, 5, afresh)
    ours()
    theirs()
    again = in_turns(ours, theirs, 5)
    what, whom = "import of a GGUF of 98 MB", "ollama create"
    return [
        Row("5", what, whom, *first, "≤ 0.85", first[0] <= 0.85 * first[1], rounds=5),
        Row("6", f"{what}, again", f"{whom}, again", *again, "less work", again[0] < again[1], rounds=5),
    ]
