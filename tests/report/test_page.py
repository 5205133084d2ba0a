"""The page: whole, closed, safe whatever is in it, and of one mind with the other reports."""

import base64
import hashlib
import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.change import Action, Reason
from reconciler.core.safety import Violation
from reconciler.ports import Event, Run
from reconciler.report.html.page import page
from reconciler.report.json_report import plan_json
from reconciler.report.status import status_rows
from reconciler.report.text import safe, without_login
from reconciler.report.view import SYMBOLS, view
from tests.report.builders import create, field, host, plan, silent
from tests.report.cases import HISTORY, NOON, PLANS
from tests.report.chain_cases import CHAINS
from tests.report.page_cases import LEASE, PAGES, large, report
from tests.report.reading import read
from tests.report.test_golden import check

ROOT = {name: read(page(made)) for name, made in PAGES.items()}


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


def test_a_page_loads_nothing_and_runs_nothing_but_its_own(name):
    root = ROOT[name]
    policy = root.find("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    ((style,), (script,)) = (root.find(tag) for tag in ("style", "script"))
    for part, directive in ((style, "style-src"), (script, "script-src")):
        digest = base64.b64encode(hashlib.sha256(part.text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    used = {key for item in root.all for key in item.attributes}
    assert not {key for key in used if key.startswith("on")} | (used & {"src", "srcset", "style", "action", "srcdoc"})
    links = [item.attributes["href"] for item in root.all if "href" in item.attributes and item.tag != "link"]
    assert all(link.startswith("#") for link in links)
    assert "url(#" in style.text
    assert "url(h" not in style.text
    assert "@import" not in style.text


def test_a_page_is_ascii_in_one_language_with_a_title(name):
    made = page(PAGES[name])
    assert made.isascii()
    assert made.startswith('<!doctype html>\n<html lang="en">')
    assert ROOT[name].find("title")[0].text.startswith("reconciler: ")


def test_every_place_that_is_linked_to_is_there_once(name):
    ids = [item.attributes["id"] for item in ROOT[name].all if "id" in item.attributes]
    named = [
        item.attributes[key] for item in ROOT[name].all for key in ("aria-labelledby", "for") if key in item.attributes
    ]
    links = [item.attributes["href"][1:] for item in ROOT[name].find("a")]
    assert len(ids) == len(set(ids))
    assert {*links, *named} <= set(ids)


def test_headings_begin_at_the_top_and_skip_no_level(name):
    levels = [int(item.tag[1]) for item in ROOT[name].all if item.tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_table_says_what_its_cells_are_about(name):
    for table in ROOT[name].find("table"):
        assert table.find("caption")
        assert all(cell.attributes["scope"] in {"col", "row", "rowgroup"} for cell in table.find("th"))
        width = len(table.find("thead")[0].find("th"))
        rows = [row.find("th") + row.find("td") for row in table.find("tbody")[0].find("tr")]
        assert {len(row) for row in rows} <= {1, width}


def test_the_sentences_are_those_of_the_terminal(name):
    shown = view(PAGES[name].plan, PAGES[name].registry)
    told = [item.text for item in ROOT[name].find("ul", class_="lead")[0].find("li")]
    assert told == list(shown.sentences)


def test_what_is_told_is_what_machines_are_told(name):
    """Each change that is made or refused is there with its action, and nothing else."""
    made = PAGES[name].plan
    quiet = {"no-op"} if view(made).hosts else {"no-op", "adopt"}
    report = json.loads(plan_json(made))
    asked = {(item["host"], item["model"], item["action"]) for item in report["changes"] if item["action"] not in quiet}
    outdated = {(item["host"], item["model"], "outdated") for item in report["changes"] if item.get("outdated")}
    actions = {symbol: action.value for action, symbol in SYMBOLS.items()} | {"^": "outdated"}
    told = {
        (host.text, article.find("bdi", class_="model")[0].text, actions[article.find("i")[0].text])
        for article in ROOT[name].find("article")
        if "id" in article.attributes
        for host in [*article.find("p", class_="hosts"), *article.find("div", class_="hosts")][0].find("bdi")
    }
    assert told == asked | outdated


def test_the_table_is_what_status_says(name):
    made = PAGES[name].plan
    silent_hosts = {item.host for item in made.unobserved}
    wanted = {(row.host, str(row.model), row.state.value) for row in status_rows(made) if row.model}
    found = set()
    for table in ROOT[name].find("table")[:1] if wanted else ():
        hosts = [cell.find("bdi")[0].text for cell in table.find("thead")[0].find("th")[1:]]
        for row in (row for body in table.find("tbody") for row in body.find("tr") if not row.attributes.get("class")):
            model = row.find("th")[0].text
            cells = zip(hosts, row.find("td"), strict=True)
            found |= {(host, model, cell.find("span")[0].text) for host, cell in cells if cell.children}
    unknown = {cell for cell in found if cell[0] in silent_hosts}
    assert found - unknown == wanted
    assert {state for _, _, state in unknown} <= {"unreachable"}


def _everywhere(text):
    """Return a page with a text at each place that the world outside can write to."""
    bad = replace(create("m"), fields=(field(f"parameters.{text}", text, f"a\n{text}\nb"), field("system", text)))
    refused = replace(create("n"), action=Action.REFUSE, reasons=(Reason.UNRESOLVED,), note=text, hint=text)
    entry = replace(CHAINS.changes[0].after, reference=text, unchecked=text)
    made = plan(
        bad,
        refused,
        replace(CHAINS.changes[0], after=entry),
        hosts=(host(version=text, url=f"http://x/{text}"),),
        unobserved=(silent("down", message=text, hint=text),),
        violations=(Violation(text, "check", text),),
    )
    run = Run(text, NOON, "f" * 64, text, NOON, text)
    events = [Event(text, NOON, event.outcome) for event in HISTORY[1]]
    lease = replace(LEASE, resource=text, actor=text, run=text)
    return replace(report(made, (run,), events, asked=(text,), leases=(lease,)), registry=text)


KINDS = {kind for root in ROOT.values() for kind in root.kinds}


@given(st.text(max_size=200))
@example("<script>alert(1)</script>")
@example('"><img src=x onerror=alert(1)>')
@example("'--></style></script><svg/onload=alert(1)>")
@example("&lt;b&gt; &amp; &#60;")
@example("\u202e\u2066 \x00\x1b[2J \ud800 \u05d0\u05d1")
@example("x" * 10_000)
@example("{{7*7}} ${7*7} <% %>")
def test_no_text_becomes_a_part_of_the_page(text):
    root = read(page(_everywhere(text)))
    assert root.kinds <= KINDS
    assert len(root.find("script")) == len(root.find("style")) == len(root.find("link")) == 1
    assert {item.attributes["href"][0] for item in root.find("a")} == {"#"}
    assert safe(without_login(text)) in root.text


@pytest.mark.parametrize(
    ("made", "sentence", "kind"),
    [
        (PLANS["in_sync"], "Everything that is declared is in sync.", "good"),
        (PLANS["in_sync_with_kept"], "Everything that is declared is in sync.", "good"),
        (plan(), "Nothing is declared for 1 host, and nothing is to be done.", "good"),
        (PLANS["nothing_at_all"], "There is nothing here yet.", "good"),
        (PLANS["outdated"], "4 models are outdated.", "news"),
        (PLANS["only_records"], "1 is to be put on record.", "due"),
        (plan(create("a"), create("b")), "2 changes are pending.", "due"),
        (PLANS["in_sync_but_silent"], "1 host does not answer.", "bad"),
        (PLANS["fleet"], "1 change is pending and 2 hosts do not answer.", "bad"),
        (PLANS["everything"], "3 changes are pending, 1 is refused and 2 are to be put on record.", "bad"),
        (PLANS["nothing_known"], "Nothing is known: no host answers.", "bad"),
        (PLANS["unsafe"], "This plan is unsafe: nothing of it will be applied.", "bad"),
    ],
)
def test_the_verdict_is_one_sentence(made, sentence, kind):
    root = read(page(report(made)))
    assert root.find("h1")[0].find("span")[0].text == sentence
    assert root.find("title")[0].text == f"reconciler: {sentence}"
    assert root.find("header", class_=kind)


def test_a_registry_that_is_not_there_yet_is_said():
    made = replace(PLANS["in_sync"], lineage="")
    assert "which does not exist yet" in read(page(report(made))).find("header")[0].text


def test_a_large_fleet_is_one_page_of_a_size_that_can_be_mailed():
    assert len(page(report(large()))) < 1_000_000


def test_a_page_is_as_kept():
    made = page(PAGES["with_history"])
    start, end = made.index("<body>"), made.index("<script>")
    check("page.html", made[start:end].replace("><section", ">\n<section").replace("><article", ">\n<article") + "\n")
