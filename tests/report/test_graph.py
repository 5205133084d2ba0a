"""The graph of a plan: what is made from what, in two languages that real parsers of them understand."""

import re
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given, settings

from reconciler.core.change import Action, Reason
from reconciler.report.graph import dot, drawings, mermaid
from reconciler.report.markdown import plan_markdown
from reconciler.report.text import cut, safe
from tests.parts.missing import program
from tests.report.builders import build_steps, change, create, desired, host, in_sync, name, plan, silent
from tests.report.cases import PLANS
from tests.report.test_marks import NASTY, TEXTS

LABEL = r'"(?:[\w .:/@,=()+\x80-\U0010ffff-]|<br/>|#\d+;)*"'
MERMAID = re.compile(
    rf"flowchart LR|\s+subgraph h\d+\[{LABEL}\]|\s+end"
    rf"|\s+(?P<node>n\d+_\d+)\[(?P<label>{LABEL})\]:::(?P<kind>\w+)|\s+(?P<one>n\d+_\d+) --> (?P<other>n\d+_\d+)"
    r"|\s+classDef (?P<style>\w+) fill:#[0-9a-f]{6},stroke:#[0-9a-f]{6},color:#[0-9a-f]{6}"
)
QUOTED = r'"(?:[^"\\&]|\\["\\n]|&amp;)*"'
DOT = re.compile(
    r'digraph plan \{|  rankdir=LR;|  node \[shape=box, style="rounded,filled", fontname="sans-serif"\];|\s*\}'
    rf"|  subgraph cluster_\d+ \{{|    label={QUOTED};"
    rf'|\s+(?P<node>n\d+_\d+) \[label=(?P<label>{QUOTED}), fillcolor="#[0-9a-f]{{6}}", color="#[0-9a-f]{{6}}"\];'
    r"|\s+(?P<one>n\d+_\d+) -> (?P<other>n\d+_\d+);"
)


def build(model, base, action=Action.UPDATE, title="default"):
    after = desired(model, title, source="build", reference=f"from {base}", steps=build_steps(model, base))
    return change(model, action, Reason.BASE_CHANGED, host=title, after=after, base=name(base))


def parsed(text, grammar, read):
    """Return the text of each node by its number, and the edges; every line has to be one that the grammar knows."""
    nodes, edges = {}, []
    for line in text.splitlines():
        assert grammar.fullmatch(line), line
        found = grammar.fullmatch(line).groupdict()
        if found["node"]:
            nodes[found["node"]] = read(found["label"][1:-1])
        if found["one"]:
            edges.append((nodes[found["one"]], nodes[found["other"]]))
    return nodes, edges


def lines_of_mermaid(text):
    """Return nodes and edges, each kind of node with a style."""
    found = [MERMAID.fullmatch(line) for line in text.splitlines()]
    kinds, styles = ({line[group] for line in found if line and line[group]} for group in ("kind", "style"))
    assert kinds == styles
    return parsed(text, MERMAID, lambda label: re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label))


def lines_of_dot(text):
    """Return nodes and edges."""
    assert text.count("{\n") == text.count("}\n")
    return parsed(text, DOT, shown)


def shown(label):
    """Return what Graphviz shows where this stands between quotes."""
    marks = {"n": "<br/>"}
    return re.sub(r"\\(.)", lambda mark: marks.get(mark[1], mark[1]), label).replace("&amp;", "&")


def lines_of_graphviz(text):
    """Return the same as Graphviz itself reads it."""
    told = subprocess.run(program("gv2gml", "graphviz"), input=text, capture_output=True, text=True, check=True)
    assert told.stderr == ""
    found = re.findall(r'^  node \[\n    id (\d+)\n    name ".*"\n    label "(.*)"$', told.stdout, re.MULTILINE)
    nodes = {number: shown(label) for number, label in found}
    edges = re.findall(r"^    source (\d+)\n    target (\d+)$", told.stdout, re.MULTILINE)
    return nodes, [(nodes[one], nodes[other]) for one, other in edges]


@pytest.mark.parametrize("title", PLANS)
def test_both_languages_say_the_same_of_every_plan(title):
    made = PLANS[title]
    assert lines_of_mermaid(mermaid(made)) == lines_of_dot(dot(made))
    assert mermaid(made) == mermaid(replace(made, hosts=made.hosts[::-1]))


def test_models_hang_on_their_sources_and_builds_on_their_bases():
    made = plan(create("m"), build("bot", "m"), build("on-bot", "bot"), build("far", "elsewhere"), in_sync("still"))
    source = "huggingface<br/>bartowski/SmolLM2-135M-Instruct-GGUF@main Q4_K_M"
    nodes, edges = lines_of_mermaid(mermaid(made))
    assert edges == [
        ("m:latest<br/>create", "bot:latest<br/>update"),
        ("elsewhere:latest<br/>on the host", "far:latest<br/>update"),
        (source, "m:latest<br/>create"),
        (source, "still:latest"),
        ("bot:latest<br/>update", "on-bot:latest<br/>update"),
    ]
    assert len(nodes) == 7
    assert "n1_1" in nodes
    assert "subgraph" not in mermaid(made)


def test_hosts_have_graphs_of_their_own_only_where_they_differ():
    alike = plan(create("m", "a"), create("m", "b"), hosts=(host("a"), host("b"), host("empty")))
    assert [(drawing.title, len(drawing.nodes)) for drawing in drawings(alike)] == [("", 2)]
    names = [f"h{number}" for number in range(7)]
    mixed = plan(*(create("m", title) for title in names), in_sync("m", "z"), hosts=[host(t) for t in (*names, "z")])
    assert [drawing.title for drawing in drawings(mixed)] == ["hosts h0, h1, h2, h3, h4 and 2 more", "host z"]
    assert mermaid(mixed).count("subgraph") == dot(mixed).count("subgraph") == 2


def test_a_host_that_is_silent_is_in_the_graph_too():
    made = plan(create("m"), unobserved=(silent("b"),))
    assert "host b<br/>not observed" in lines_of_mermaid(mermaid(made))[0].values()
    assert "host b<br/>not observed" in lines_of_dot(dot(made))[0].values()


@settings(max_examples=60)
@given(TEXTS)
def test_no_text_from_outside_becomes_a_part_of_the_graph(text):
    entry = replace(desired("m", source="ollama"), reference=text)
    made = plan(change("m", Action.CREATE, Reason.NEW, after=entry))
    for nodes, edges in (lines_of_mermaid(mermaid(made)), lines_of_dot(dot(made))):
        assert (len(nodes), len(edges)) == (2, 1)
        assert [label for label in nodes.values() if label != "m:latest<br/>create"] == [
            f"ollama<br/>{cut(safe(text), 60)}"
        ]


def test_graphviz_reads_what_was_meant():
    texts = [f'{mark}{other}"' for mark in NASTY for other in ("", "\\", "\\N", "&lt;", '"]; x [')]
    hostile = (
        replace(create(f"m{nth}"), after=replace(desired(f"m{nth}"), reference=text)) for nth, text in enumerate(texts)
    )
    for made in (*PLANS.values(), plan(*hostile)):
        nodes, edges = lines_of_graphviz(dot(made))
        expected = lines_of_dot(dot(made))
        assert sorted(nodes.values()) == sorted(expected[0].values())
        assert sorted(edges) == sorted(expected[1])


def test_a_comment_has_the_graph_where_something_is_built_and_all_of_it_can_be_seen():
    small = plan_markdown(plan(create("m"), build("bot", "m")), "manifests")
    assert "<details><summary>Graph</summary>\n\n```mermaid\nflowchart LR\n" in small
    assert "mermaid" not in plan_markdown(plan(create("m")), "manifests")
    assert "mermaid" not in plan_markdown(plan(*(build(f"bot{nth}", "m") for nth in range(25))), "manifests")
