"""Strict YAML: JSON's scalars only, positions kept, nothing that surprises.

Refused: what only YAML would guess at (see `scalars`), duplicate keys, keys that are not
text, merge keys, tags, and anchors that blow a document up or run in a circle.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import yaml

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.frozen import dataclass
from reconciler.manifest import scalars
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.tree import Json, Node
from reconciler.manifest.yaml_values import Value, is_merge, place
from reconciler.manifest.yaml_words import DEEP, syntax_finding

MAX_DEPTH = 50
MAX_NODES = 100_000  # of a file, aliases expanded
MAX_TEXT = 4 * 1024 * 1024  # characters of a file, aliases expanded; without them no file has more

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


def documents(text: str, file: str) -> Iterator[Document]:
    """Yield the documents of a text without control characters; empty ones are skipped.

    What follows a syntax error, or a document that is too much, is not read: that is then the finding of the last one.
    """
    if (line_break := _BREAKS.search(text)) is not None:
        yield _broken(text, line_break.start(), file)
        return
    loader, builder = _Loader(text), _Builder(file)
    try:
        while not builder.full and loader.check_node():
            node = loader.get_node()
            if node is not None and not _blank(node):
                yield builder.document(node)
    except yaml.MarkedYAMLError as error:
        yield Document(None, (syntax_finding(error, text, file),), sound=False)
    finally:
        loader.dispose()


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
            root = Value(self._build(node), node, self._file)
        except _TooMany as reason:
            self.full = True
            hint = "write out less, use fewer aliases, or split the file"
            self._find(node, Rule.TOO_MANY_NODES, f"{reason}, aliases expanded", hint)
            return Document(None, tuple(self._findings), sound=False)
        found = tuple(dict.fromkeys(self._findings))  # a value behind several aliases was found several times
        return Document(root, found, sound=all(item.code == Rule.AMBIGUOUS_SCALAR for item in found))

    def _build(self, node: yaml.Node) -> Json:
        """Return the value of a node; this runs once for every key and every value of every document."""
        self._count += 1
        if self._count > MAX_NODES:
            raise _TooMany(f"more than {MAX_NODES} values")
        if not isinstance(node, yaml.ScalarNode):
            return self._collection(node)
        text: str = node.value
        self._text += len(text)
        if self._text > MAX_TEXT:
            raise _TooMany(f"more than {MAX_TEXT} characters of text")
        if node.tag:
            self._tagged(node)
        return text if node.style or scalars.is_text(text) else self._plain(node)

    def _plain(self, node: yaml.ScalarNode) -> scalars.Scalar:
        try:
            return scalars.plain(node.value)
        except scalars.Ambiguous as reason:
            hint = f'if it is text, quote it: "{node.value}"'
            self._find(node, Rule.AMBIGUOUS_SCALAR, f"{node.value!r}: {reason}", hint)
            return str(node.value)

    def _collection(self, node: yaml.Node) -> Json:
        if node.tag:
            self._tagged(node)
        if node in self._open:
            self._find(node, Rule.ALIAS_CYCLE, "this value contains itself through an alias", "write it out")
            return None
        if len(self._open) >= MAX_DEPTH:
            self._find(node, Rule.TOO_DEEP, DEEP, "no manifest needs this")
            return None
        self._open.append(node)
        is_mapping = isinstance(node, yaml.MappingNode)
        built: Json = self._mapping(node) if is_mapping else [self._build(item) for item in node.value]
        self._open.pop()
        return built

    def _mapping(self, node: yaml.Node) -> dict[str, Json]:
        data: dict[str, Json] = {}
        first: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            key, value = self._key(key_node), self._build(value_node)
            if key is None:
                continue
            if key in data:
                hint = f"the first is at {place(first[key], self._file)}"
                self._find(key_node, Rule.DUPLICATE_KEY, f"{key!r} stands here twice", hint)
                continue
            data[key], first[key] = value, key_node
        return data

    def _key(self, node: yaml.Node) -> str | None:
        """Return a key that is text, or None for one that is not, having found so."""
        if is_merge(node):
            hint = "write the keys out, or use an alias for a value"
            self._find(node, Rule.MERGE_KEY, "'<<' does not merge here", hint)
            return None
        key = self._build(node)
        if not isinstance(key, str):
            raw = Value(key, node, self._file).raw
            self._find(node, Rule.KEY_NOT_TEXT, "a key must be text", f'quote it: "{raw}"' if raw else "")
            return None
        return key

    def _tagged(self, node: yaml.Node) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._find(node, Rule.YAML_TAG, f"the tag {tag!r} is not allowed", "remove it; quote what is text")

    def _find(self, node: yaml.Node, rule: Rule, message: str, hint: str) -> None:
        self._findings.append(finding(place(node, self._file), rule, message, hint))
