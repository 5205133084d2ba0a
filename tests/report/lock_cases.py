"""What became of locks, for the golden files: everything at once, one that stays, one that is empty, a hostile one."""

from reconciler.core.facts import facts
from reconciler.core.lock import Revision, revision

HUB = facts({"digest": f"sha256:{'a' * 64}", "layers": (f"model sha256:{'b' * 64} 9",), "manifest": "{}", "size": 9})
OLD = facts({"commit": "1" * 40, "file": "m.gguf", "sha256": "c" * 64, "size": 98_400_000})
NEW = facts({"commit": "2" * 40, "file": "m.gguf", "sha256": "d" * 64, "size": 1_321_098_329})
FILE = facts({"architecture": "llama", "holds": "model", "sha256": "e" * 64, "size": 1})
HOSTILE = facts({"sha256": "\x1b[31m\n", "size": "many"})

LOCKS = (
    revision(
        "manifests/reconciler.lock",
        {"gguf ./old.gguf": FILE, "huggingface org/repo@main Q4_1": OLD, "ollama same:latest": HUB},
        {"huggingface org/repo@main Q4_1": NEW, "ollama llama3.2:1b": HUB, "ollama same:latest": HUB},
    ),
    revision("stays/reconciler.lock", {"ollama same:latest": HUB}, {"ollama same:latest": HUB}),
    Revision("empty/reconciler.lock", (), 0),
    revision(
        "odd\x1b[2J/reconciler.lock",
        {"gguf ./\n\u202em": HOSTILE, "ollama x": facts({"digest": 1}), "ollama y": ()},
        {"gguf ./\n\u202em": FILE, "ollama x": HUB, "ollama y": HUB},
    ),
)
