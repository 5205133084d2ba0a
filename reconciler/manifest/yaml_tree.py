"""Strict YAML: JSON's scalars only, positions kept, nothing that surprises.

Refused: what only YAML would guess at (see `scalars`), duplicate keys, keys that are not
text, merge keys, tags, and anchors that blow a document up or run in a circle.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.manifest import scalars
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.tree import Json, Node
from reconciler.manifest.yaml_words import DEEP, syntax_finding

MAX_DEPTH = 50
MAX_NODES = 100_000  # of a file, aliases expanded
MAX_TEXT = 4 * 1024 * 1024  # characters of a file, aliases expanded; without them no file has more

_MERGE = "<<"
_BREAKS = re.compile("[\x85\u2028\u2029]")  # they end a line in YAML, where spaces are then dropped, and nowhere else


if TYPE_CHECKING:
    _Parser = yaml.SafeLoader
else:
    _Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, seven times faster, where libyaml is there


class _Loader(_Parser):
    """PyYAML as a parser only: no tag is ever resolved, so that one that is there was written there."""

    depth = 0

    def resolve(self, *_: object) -> str:
        """Return no tag."""
        return ""

    def descend_resolver(self, parent: yaml.Node | None, _index: object) -> None:
        """Refuse depth before the C stack does: libyaml's binding recurses without a limit."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=DEEP, problem_mark=parent.start_mark if parent else None)

    def ascend_resolver(self) -> None:
        """Come back up."""
        self.depth -= 1


@dataclass(frozen=True, slots=True)
class Document:
    """One document; `root` is absent if the text could not be parsed, and not to be judged if `sound` is False."""

    root: Node | None
    findings: tuple[Diagnostic, ...] = ()
    sound: bool = True


class _TooMany(Exception):
    """The file is larger than any manifest; the message says in what. Never leaves this module."""


def documents(text: str, file: str) -> tuple[Document, ...]:
    """Return the documents of a text without control characters; empty ones are skipped.

    What follows a syntax error, or a document that is too much, is not read: that is then the finding of the last one.
    """
    if (line_break := _BREAKS.search(text)) is not None:
        return (_broken(text, line_break.start(), file),)
    found: list[Document] = []
    loader, builder = _Loader(text), _Builder(file)
    try:
        while not builder.full and loader.check_node():
            node = loader.get_node()
            if node is not None and not _blank(node):
                found.append(builder.document(node))
    except yaml.MarkedYAMLError as error:
        found.append(Document(None, (syntax_finding(error, text, file),), sound=False))
    finally:
        loader.dispose()
    return tuple(found)


def _broken(text: str, place: int, file: str) -> Document:
    """Return what is found about a character that would silently change the text around it."""
    where = Location(file, text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place))
    message = f"U+{ord(text[place]):04X} ends a line in YAML, and nowhere else"
    hint = f"remove it, or write it in quotes as \\u{ord(text[place]):04x}"
    return Document(None, (finding(where, Rule.CONTROL_CHARACTER, message, hint),), sound=False)


def _blank(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style


class _Builder:
    """One pass over the nodes of a file's documents, one document after the other."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = self._text = 0
        self.full = False
        self._open: list[yaml.Node] = []
        self._findings: list[Diagnostic] = []

    def document(self, node: yaml.Node) -> Document:
        """Return the document under its root node; `full` tells whether the file is too much for any more."""
        self._open, self._findings = [], []
        try:
            root = self._build(node)
        except _TooMany as reason:
            self.full = True
            hint = "write out less, use fewer aliases, or split the file"
            self._find(node, Rule.TOO_MANY_NODES, f"{reason}, aliases expanded", hint)
            return Document(None, tuple(self._findings), sound=False)
        found = tuple(dict.fromkeys(self._findings))  # a value behind several aliases was found several times
        return Document(root, found, sound=all(item.code == Rule.AMBIGUOUS_SCALAR for item in found))

    def _build(self, node: yaml.Node) -> Node:
        self._count += 1
        self._text += len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        if self._count > MAX_NODES:
            raise _TooMany(f"more than {MAX_NODES} values")
        if self._text > MAX_TEXT:
            raise _TooMany(f"more than {MAX_TEXT} characters of text")
        if node.tag:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._find(node, Rule.YAML_TAG, f"the tag {tag!r} is not allowed", "remove it; quote what is text")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node in self._open:
            self._find(node, Rule.ALIAS_CYCLE, "this value contains itself through an alias", "write it out")
            return Node(None, self._at(node))
        if len(self._open) >= MAX_DEPTH:
            self._find(node, Rule.TOO_DEEP, DEEP, "no manifest needs this")
            return Node(None, self._at(node))
        self._open.append(node)
        built = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._list(node)
        self._open.pop()
        return built

    def _scalar(self, node: yaml.ScalarNode) -> Node:
        if node.style:
            return Node(node.value, self._at(node))
        try:
            value = scalars.plain(node.value)
        except scalars.Ambiguous as reason:
            self._find(
                node, Rule.AMBIGUOUS_SCALAR, f"{node.value!r}: {reason}", f'if it is text, quote it: "{node.value}"'
            )
            value = node.value
        return Node(value, self._at(node), raw="" if isinstance(value, str) else node.value)

    def _list(self, node: yaml.Node) -> Node:
        items = [self._build(item) for item in node.value]
        return Node([item.value for item in items], self._at(node), dict(enumerate(items)))

    def _mapping(self, node: yaml.MappingNode) -> Node:
        children: dict[str | int, Node] = {}
        keys: dict[str, Location] = {}
        for key_node, value_node in node.value:
            key, value = self._key(key_node), self._build(value_node)
            if key is None:
                continue
            if key in keys:
                self._find(key_node, Rule.DUPLICATE_KEY, f"{key!r} stands here twice", f"the first is at {keys[key]}")
                continue
            keys[key], children[key] = self._at(key_node), value
        data: Json = {key: children[key].value for key in keys}
        return Node(data, self._at(node), children, keys)

    def _key(self, node: yaml.Node) -> str | None:
        """Return a key that is text, or None for one that is not, having found so."""
        if isinstance(node, yaml.ScalarNode) and not node.style and node.value == _MERGE:
            self._find(
                node, Rule.MERGE_KEY, "'<<' does not merge here", "write the keys out, or use an alias for a value"
            )
            return None
        key = self._build(node)
        if not isinstance(key.value, str):
            self._find(node, Rule.KEY_NOT_TEXT, "a key must be text", f'quote it: "{key.raw}"' if key.raw else "")
            return None
        return key.value

    def _at(self, node: yaml.Node) -> Location:
        return Location(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _find(self, node: yaml.Node, rule: Rule, message: str, hint: str) -> None:
        self._findings.append(finding(self._at(node), rule, message, hint))
