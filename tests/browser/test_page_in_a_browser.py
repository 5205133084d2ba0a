"""The page as people meet it: in a real browser, on a phone, in the dark, without scripts, by keyboard, on paper."""

from pathlib import Path

import pytest

from reconciler.report.html.page import page
from tests.report.page_cases import PAGES

FAINT = "document.querySelector('h1').style.color = 'silver'; document.querySelector('h2').style.marginLeft = '900px'"
LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
SHOWN = ("everything", "fields", "fleet", "hostile", "large", "nothing_at_all", "outdated", "with_history")
ROWS = "[...document.querySelectorAll('.matrix tbody tr:not(.group)')].filter(row => row.checkVisibility()).length"
TAB, ENTER = ("Tab", 9), ("Enter", 13)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write each page once."""
    folder = tmp_path_factory.mktemp("pages")
    for name, made in PAGES.items():
        (folder / f"{name}.html").write_text(page(made), encoding="ascii")
    return folder


@pytest.fixture
def tab(browser):
    made = browser.tab()
    yield made
    made.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("name", SHOWN)
def test_it_fits_can_be_read_and_asks_for_nothing(tab, files, name, width, dark):
    file = files / f"{name}.html"
    tab.open(file, width=width, dark=dark)
    tab.find("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    tab.find(LOOKS)
    assert tab.find("faint()") == []
    assert tab.find("wide()") == []
    assert tab.find("document.documentElement.scrollWidth") <= width
    assert tab.told == []
    assert [url for url in tab.asked if not url.startswith("data:image/svg+xml")] == [file.as_uri()]


def test_what_is_faint_or_sticks_out_would_be_seen(tab, files):
    tab.open(files / "everything.html", width=600)
    tab.find(LOOKS)
    tab.find(FAINT)
    assert [text.split(" ", 2)[1] for text in tab.find("faint()")] == ["SPAN"]
    assert tab.find("wide()")


def test_it_says_the_same_without_scripts(tab, files):
    told = []
    for script in (True, False):
        tab.open(files / "large.html", script=script)
        told.append(tab.find("document.querySelector('main').textContent"))
        assert tab.find("document.querySelector('#filter').checkVisibility()") is script
        assert tab.find(ROWS) == 201
    assert told[0] == told[1]


def test_the_filter_leaves_the_rows_that_hold_all_words(tab, files):
    tab.open(files / "large.html")
    tab.find("document.querySelector('#filter').focus()")
    tab.write("DRIFTED team-7")
    assert tab.find(ROWS) == 1
    assert tab.find("document.querySelector('#filtered').textContent") == "1 of 201"
    assert tab.find("[...document.querySelectorAll('.group')].filter(row => row.checkVisibility()).length") == 1
    tab.find("document.querySelector('#filter').select()")
    tab.press("Backspace", 8)
    assert tab.find(ROWS) == 201
    assert tab.find("document.querySelector('#filtered').textContent") == ""


def test_heads_of_the_table_stay_where_they_are(tab, files):
    tab.open(files / "large.html", width=600, height=2000)
    place = "(() => { const at = document.querySelector('%s').getBoundingClientRect(); return [at.left, at.top]; })()"
    before = [tab.find(place % which) for which in (".matrix thead th", ".matrix thead th:nth-child(2)", ".scroll")]
    tab.find("document.querySelector('.scroll').scrollTo(200, 900)")
    corner, host, box = (
        tab.find(place % which) for which in (".matrix thead th", ".matrix thead th:nth-child(2)", ".scroll")
    )
    assert (corner, box) == (before[0], before[2])
    assert host[1] == before[1][1]
    assert host[0] == before[1][0] - 200
    under = f"document.elementFromPoint({box[0]} + 20, {box[1]} + 300)"
    assert tab.find(f"{under}.closest('th').scope") == "row"


def test_a_keyboard_reaches_the_filter_the_table_and_each_change(tab, files):
    tab.open(files / "everything.html")
    seen = []
    for _ in range(4):
        tab.press(*TAB)
        seen.append(tab.find("document.activeElement.id || document.activeElement.className || 'A'"))
        assert tab.find("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert seen == ["filter", "scroll", "A", "A"]
    tab.press(*ENTER)
    assert tab.find("document.querySelector(':target .model').textContent") == "smollm2:135m"


def test_those_who_hear_the_page_get_landmarks_and_words(tab, files):
    tab.open(files / "large.html")
    nodes = [node for node in tab.call("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
    roles = [role for role, _ in named]
    assert [roles.count(role) for role in ("banner", "main", "contentinfo")] == [1, 1, 1]
    assert {"rowheader", "columnheader", "table", "searchbox", "image"} <= set(roles)
    told = {" ".join(name.split()) for role, name in named if role in {"cell", "gridcell"}}
    assert {"in sync", "drifted", "missing", "refused", "unreachable"} <= told
    must = {"region", "searchbox", "link", "table", "image", "columnheader", "rowheader"}
    assert [role for role, name in named if role in must and not name.strip()] == []


def test_on_paper_nothing_is_folded_or_cut_off(tab, files):
    tab.open(files / "large.html")
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.find("[...document.querySelectorAll('details dl')].every(item => item.checkVisibility())") is True
    assert (
        tab.find("[...document.querySelectorAll('.scroll')].every(box => box.scrollHeight <= box.clientHeight)") is True
    )
    assert tab.find("document.querySelector('#filter').checkVisibility()") is False
    assert tab.find("getComputedStyle(document.querySelector('.matrix thead th')).position") == "static"


@pytest.mark.parametrize("name", ["large", "with_history"])
def test_it_fits_on_paper(tab, files, name):
    tab.open(files / f"{name}.html", width=720)  # A4 without its margins is 186 mm
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.find("document.documentElement.scrollWidth") <= 720


def test_what_somebody_smuggles_in_does_not_run(tab, files):
    """The page's own policy holds even if a text were not escaped."""
    smuggled = (
        "<script>document.title = 'run'</script><img src='http://192.0.2.1/x' onerror=\"document.title = 'run'\">"
        "<svg onload=\"document.title = 'run'\"></svg><style>#red { color: red }</style>"
        "<p style='color: red' id='red'>x</p>"
        "<a href=\"javascript:document.title = 'run'\" id='link'>x</a><base href='http://192.0.2.1/'>"
    )
    text = (files / "everything.html").read_text().replace("<main>", f"<main>{smuggled}")
    (files / "smuggled.html").write_text(text)
    tab.open(files / "smuggled.html")
    tab.find("document.querySelector('#link').click()")
    assert tab.find("document.title").startswith("reconciler: ")
    assert tab.find("getComputedStyle(document.querySelector('#red')).color") != "rgb(255, 0, 0)"
    assert len(tab.told) >= 7
    assert [line for line in tab.told if "Content Security Policy" not in line] == []
