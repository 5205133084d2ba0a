"""YAML of other tools: read for its positions, and taken as it is. Pure."""

from reconciler.manifest.foreign.converted import Part, left_out
from reconciler.manifest.rules import Rule
from reconciler.manifest.tree import Node
from reconciler.manifest.yaml_tree import documents


def roots(text: str, file: str) -> tuple[list[Node], list[Part]]:
    """Return the root of each document, and what could not be read of it, merge keys above all."""
    found = tuple(documents(text, file))
    findings = (item for document in found for item in document.findings)
    unread = (item for item in findings if item.code != Rule.AMBIGUOUS_SCALAR)  # which is read as the text that it is
    told: list[Part] = [left_out(item.location, f"not read: {item.message}", item.hint) for item in unread]
    return [document.root for document in found if document.root is not None], told


def text_line(node: Node) -> int:
    """Return the line at which a text begins: a block begins below the mark at which it stands."""
    return node.location.line + ("\n" in str(node.value))
