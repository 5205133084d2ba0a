"""A plan as a graph of what is made from what, for Mermaid and for Graphviz. Pure.

Nodes are the models, with what would happen to them, and the sources that they come from; edges lead from a source
and from a base to what is made from it. Hosts with the same graph share one; only where they differ has each its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.core.change import Action, Change
from reconciler.core.names import HostName
from reconciler.core.plan import Plan
from reconciler.report.text import cut, document, safe

_WIDEST = 60  # columns of one line in a node
_NAMED = 5  # hosts that one title names
_SOURCE, _FOUND, _SILENT = "source", "found", "silent"  # kinds of nodes beside the actions
_COLOURS = {  # of the inside, and of the line around it
    Action.CREATE.value: ("#dafbe1", "#1a7f37"),
    Action.UPDATE.value: ("#fff8c5", "#9a6700"),
    Action.DELETE.value: ("#ffebe9", "#cf222e"),
    Action.REFUSE.value: ("#fbefff", "#8250df"),
    Action.ADOPT.value: ("#ddf4ff", "#0969da"),
    Action.FORGET.value: ("#ddf4ff", "#0969da"),
    Action.TEST.value: ("#ddf4ff", "#0969da"),
    Action.NO_OP.value: ("#f6f8fa", "#59636e"),
    _SOURCE: ("#ffffff", "#59636e"),
    _FOUND: ("#ffffff", "#d1d9e0"),
    _SILENT: ("#ffebe9", "#cf222e"),
}
_MARK = re.compile(r"[^\w .:/@,=()+\x80-\U0010ffff-]|(?<![^\W_])_|_(?![^\W_])")  # for Mermaid, within quotes
_IN_QUOTES = str.maketrans({"\\": r"\\", '"': r"\"", "&": "&amp;"})


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A box: one or two lines of text, as it came, and what it is."""

    kind: str  # an action, or what is no change: source, found, silent
    lines: tuple[str, ...]


Edge = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is the same on some hosts: sorted nodes and edges; the title is empty where all hosts are meant."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def drawings(plan: Plan) -> tuple[Drawing, ...]:
    """Return one drawing for all hosts, or several where they differ; a silent host has one of its own."""
    alike: dict[tuple[tuple[Node, ...], tuple[Edge, ...]], list[HostName]] = {}
    for host in sorted(view.host for view in plan.hosts):
        nodes, edges = _parts([change for change in plan.changes if change.address.host == host])
        if nodes:
            alike.setdefault((nodes, edges), []).append(host)
    silent = tuple(Drawing("", (Node(_SILENT, (f"host {host.host}", "not observed")),), ()) for host in plan.unobserved)
    single = len(alike) == 1
    found = (Drawing("" if single else _title(hosts), nodes, edges) for (nodes, edges), hosts in alike.items())
    return (*found, *silent)


def mermaid(plan: Plan) -> str:
    """Return the graph as Mermaid, which GitHub draws where it stands in a block of code."""
    found = drawings(plan)
    lines = [line for place, drawing in enumerate(found, 1) for line in _in_mermaid(place, drawing)]
    for kind in sorted({node.kind for drawing in found for node in drawing.nodes}):
        fill, stroke = _COLOURS[kind]
        lines.append(f"  classDef {_class(kind)} fill:{fill},stroke:{stroke},color:#1f2328")
    return document(("flowchart LR", *lines))


def dot(plan: Plan) -> str:
    """Return the graph in the language of Graphviz."""
    lines = [line for place, drawing in enumerate(drawings(plan), 1) for line in _in_dot(place, drawing)]
    look = '  node [shape=box, style="rounded,filled", fontname="sans-serif"];'
    return document(("digraph plan {", "  rankdir=LR;", look, *lines, "}"))


def _title(hosts: Sequence[HostName]) -> str:
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return f"host{'s' * (len(hosts) > 1)} {', '.join(hosts[:_NAMED])}{more}"


def _parts(changes: Sequence[Change]) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Return what the graph of one host consists of, sorted."""
    models = {change.address.model: _model(change) for change in changes}
    edges: set[Edge] = set()
    for change in changes:
        made = models[change.address.model]
        if change.base is not None:
            edges.add((models.get(change.base, Node(_FOUND, (str(change.base), "on the host"))), made))
        elif change.after is not None:
            edges.add((Node(_SOURCE, (change.after.source, change.after.reference)), made))
    nodes = {*models.values(), *(node for edge in edges for node in edge)}
    return tuple(sorted(nodes)), tuple(sorted(edges))


def _model(change: Change) -> Node:
    action = "" if change.action is Action.NO_OP else change.action.value
    told = ", ".join(filter(None, (action, "outdated" * change.outdated)))
    return Node(change.action.value, tuple(filter(None, (str(change.address.model), told))))


def _ids(place: int, drawing: Drawing) -> dict[Node, str]:
    return {node: f"n{place}_{number}" for number, node in enumerate(drawing.nodes, 1)}


def _in_mermaid(place: int, drawing: Drawing) -> Iterator[str]:
    ids, more = _ids(place, drawing), "  " * bool(drawing.title)
    if drawing.title:
        yield f'  subgraph h{place}["{_entities(drawing.title)}"]'
    for node, number in ids.items():
        yield f'{more}  {number}["{"<br/>".join(map(_entities, node.lines))}"]:::{_class(node.kind)}'
    for one, other in drawing.edges:
        yield f"{more}  {ids[one]} --> {ids[other]}"
    if drawing.title:
        yield "  end"


def _class(kind: str) -> str:
    return kind.replace("-", "_")


def _entities(text: str) -> str:
    """Return text that stands for itself within quotes of Mermaid, which knows Markdown and HTML there."""
    return _MARK.sub(lambda mark: f"#{ord(mark[0])};", cut(safe(text), _WIDEST))


def _in_dot(place: int, drawing: Drawing) -> Iterator[str]:
    ids, more = _ids(place, drawing), "  " * bool(drawing.title)
    if drawing.title:
        yield f"  subgraph cluster_{place} {{"
        yield f"    label={_quoted((drawing.title,))};"
    for node, number in ids.items():
        fill, line = _COLOURS[node.kind]
        yield f'{more}  {number} [label={_quoted(node.lines)}, fillcolor="{fill}", color="{line}"];'
    for one, other in drawing.edges:
        yield f"{more}  {ids[one]} -> {ids[other]};"
    if drawing.title:
        yield "  }"


def _quoted(lines: Iterable[str]) -> str:
    """Return lines as one text in quotes, in which Graphviz knows backslashes and the entities of HTML."""
    shown = (cut(safe(line), _WIDEST).translate(_IN_QUOTES) for line in lines)
    return '"' + r"\n".join(shown) + '"'
