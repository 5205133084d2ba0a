"""What stands under a source type -> a SourceRef: shorthands written out, paths made absolute."""

from typing import cast

from reconciler.core.facts import Fact, facts, freeze
from reconciler.core.resource import SourceRef
from reconciler.manifest import files
from reconciler.manifest.sizes import size_of
from reconciler.manifest.tree import Node

_SHORT = {"ollama": "name", "gguf": "path"}  # what a plain text under a source type stands for
_FILE_OPTIONS = {"gguf": ("path", "mmproj")}


def reference(node: Node, home: str, wanted: str) -> SourceRef:
    """Return the reference that a mapping with one source type in it holds; `home` is the real path of its folder."""
    ((name, content),) = node.children.items()
    kind = str(name)
    given = content.value if isinstance(content.value, dict) else {_SHORT[kind]: content.value}
    options = _written_out({str(option): freeze(value) for option, value in given.items()})
    for path in _FILE_OPTIONS.get(kind, ()):
        if path in options:
            options[path] = files.inside(home, str(options[path]))
    return SourceRef(kind, facts(options), content.location, wanted)


def _written_out(options: dict[str, Fact]) -> dict[str, Fact]:
    """Return options of which each has one kind of value: a policy about quantisations stands beside the others."""
    policy = options.get("quantization")
    if isinstance(policy, tuple):
        options = {name: value for name, value in options.items() if name != "quantization"}
        options |= dict(cast("tuple[tuple[str, Fact], ...]", policy))
    if "maxSize" in options:
        options["maxSize"] = size_of(str(options["maxSize"]))
    return options
