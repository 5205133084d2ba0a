"""`report --html`: the page says what the plan says, and is there whole or not at all."""

import stat

import pytest

from tests.manifests import host as declare
from tests.manifests import model
from tests.report.reading import read


def _page(folder, file="fleet.html"):
    return read((folder.parent / file).read_text(encoding="ascii"))


def test_it_tells_of_the_fleet_the_plan_and_the_runs(reconciler, folder, host):
    model(folder, "one")
    assert reconciler("apply", "--auto-approve").status == 0
    model(folder, "two", seed=1)
    result = reconciler("report", "--html", "fleet.html")
    assert (result.status, result.out) == (0, "")
    page = _page(folder)
    assert page.find("h1")[0].text == "~1 change is pending."
    assert [item.text for item in page.find("ul", class_="lead")[0].find("li")] == [
        line for line in reconciler("plan").out.splitlines() if line.startswith("Plan:")
    ]
    assert [item.text for item in page.find("bdi", class_="model")] == ["two:latest"]
    assert "1 applied" in page.find("svg", class_="chart")[0].text
    assert "serial 3" in page.find("header")[0].text


def test_it_changes_nothing_and_needs_no_records(reconciler, folder, host):
    model(folder)
    host.seen.clear()
    assert reconciler("report", "--html", "fleet.html").status == 0
    assert {request.call for request in host.seen} <= {"version", "tags", "show", "has_blob"}
    page = _page(folder)
    assert "which does not exist yet" in page.find("header")[0].text
    assert "No run is on record." in page.text


def test_a_dash_writes_it_to_stdout(reconciler, folder, host):
    model(folder)
    result = reconciler("report", "--html", "-", "manifests", "--host", "default", "--target", "tiny", "--prune")
    assert result.status == 0
    assert "manifests --target tiny --host default --prune" in read(result.out).find("header")[0].text


def test_a_silent_host_is_told_of_and_makes_the_status_1(reconciler, folder, host):
    declare(folder, "here", host.url)
    declare(folder, "gone", "http://127.0.0.1:9")
    model(folder)
    assert reconciler("report", "--html", "fleet.html").status == 1
    page = _page(folder)
    assert "1 host does not answer" in page.find("h1")[0].text
    assert page.find("section", id="trouble")[0].find("h3")[0].text == "gone does not answer"


def test_what_is_refused_makes_the_status_3(reconciler, folder, host):
    model(folder, "one")
    reconciler("apply", "--auto-approve")
    reconciler("forget", "one")
    model(folder, "one", more="system: Another.")
    assert reconciler("report", "--html", "fleet.html").status == 3
    assert "1 is refused" in _page(folder).find("h1")[0].text


def test_an_older_page_stays_where_the_new_one_cannot_be_made(reconciler, folder, host):
    model(folder)
    (folder.parent / "fleet.html").write_text("old")
    (folder / "bad.yaml").write_text("kind: Nonsense\n")
    assert reconciler("report", "--html", "fleet.html").status == 1
    assert (folder.parent / "fleet.html").read_text() == "old"


def test_it_keeps_the_mode_of_the_page_before_and_leaves_nothing_beside(reconciler, folder, host):
    model(folder)
    page = folder.parent / "fleet.html"
    page.write_text("old")
    page.chmod(0o644)
    assert reconciler("report", "--html", page).status == 0
    assert stat.S_IMODE(page.stat().st_mode) == 0o644
    assert sorted(path.name for path in folder.parent.iterdir()) == ["fleet.html", "manifests"]


@pytest.mark.parametrize("place", ["nowhere/fleet.html", "manifests"])
def test_a_place_that_is_none_is_said_without_a_traceback(reconciler, folder, host, place):
    model(folder)
    result = reconciler("report", "--html", place)
    assert result.status in {1, 64}
    assert place in result.err
    assert "Traceback" not in result.err
