"""What stands under a source type -> a SourceRef: shorthands written out, paths made absolute."""

from collections.abc import Iterator
from typing import cast

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.facts import Fact, facts, freeze
from reconciler.core.resource import SourceRef
from reconciler.manifest.folder import Folder
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.sizes import size_of
from reconciler.manifest.tree import Node

SHORT = {  # what a plain text under a source type stands for
    "ollama": "name",
    "gguf": "path",
    "safetensors": "path",
    "blob": "sha256",
}
_FILE_OPTIONS = {"gguf": ("path", "mmproj")}
_FOLDER_OPTIONS = {"safetensors": ("path",)}
_OF_A_GGUF = ("file", "mmproj", "quantization", "sha256")


def reference(node: Node, home: Folder, wanted: str) -> SourceRef:
    """Return the reference that a mapping with one source type in it holds; `home` is its folder."""
    ((name, content),) = node.children.items()
    kind = str(name)
    given = content.value if isinstance(content.value, dict) else {SHORT[kind]: content.value}
    options = _written_out({str(option): freeze(value) for option, value in given.items()})
    for path in _FILE_OPTIONS.get(kind, ()):
        if path in options:
            options[path] = home.file(str(options[path]))
    for path in _FOLDER_OPTIONS.get(kind, ()):
        options[path] = home.folder(str(options[path]))
    return SourceRef(kind, facts(options), content.location, wanted)


def doubts(node: Node, wanted: str) -> Iterator[Diagnostic]:
    """Yield the findings about options that mean nothing in the place or beside the others that they stand with."""
    ((_, content),) = node.children.items()
    if wanted == "adapter" and "mmproj" in content.keys:
        yield finding(content.keys["mmproj"], Rule.UNKNOWN_KEY, "an adapter has no projector")
    if content.text("format") == "safetensors":
        for key in _OF_A_GGUF:
            if key in content.keys:
                message = f"{key!r} is about a GGUF, and `format: safetensors` takes what belongs to the model"
                yield finding(content.keys[key], Rule.EXCLUSIVE_KEYS, message, f"remove {key!r}, or the format")


def _written_out(options: dict[str, Fact]) -> dict[str, Fact]:
    """Return options of which each has one kind of value: a policy about quantisations stands beside the others."""
    policy = options.get("quantization")
    if isinstance(policy, tuple):
        options = {name: value for name, value in options.items() if name != "quantization"}
        options |= dict(cast("tuple[tuple[str, Fact], ...]", policy))
    if "maxSize" in options:
        options["maxSize"] = size_of(str(options["maxSize"]))
    return options
