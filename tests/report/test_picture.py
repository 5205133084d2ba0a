"""The picture in the README is what `plan` prints, today."""

import os
from xml.etree import ElementTree

from reconciler.report.terminal import plan_text
from tests.conftest import REPOSITORY
from tests.report.picture import PLAN, of_plan

FILE = REPOSITORY / ".github" / "plan.svg"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_as_kept_and_in_the_readme():
    made = of_plan()
    if os.environ.get("RENEW_GOLDEN"):
        FILE.write_text(made, encoding="utf-8")
    assert made == FILE.read_text(encoding="utf-8")
    assert '<img src=".github/plan.svg"' in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_it_shows_every_word_of_the_plan():
    root = ElementTree.fromstring(of_plan())
    words = " ".join(item.text for item in root.iter(f"{SVG}text")).split()
    assert words == ["$", "reconciler", "plan", *plan_text(PLAN, colour=False).split()]


def test_it_fetches_nothing():
    made = of_plan()
    assert made.count("http://www.w3.org/2000/svg") == 1
    assert [word for word in ("href", "url(", "@import", "<script", "<style") if word in made] == []
