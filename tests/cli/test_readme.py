"""The README: its manifests are valid, its conversions real, and it speaks of nothing that is not there."""

import re

import pytest

from reconciler.cli import COMMANDS
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.M | re.S)
MANIFESTS = [block for block in BLOCKS if "apiVersion: reconciler/v1" in block]
FOREIGN = {"--strict"}  # an option of mypy


@pytest.mark.parametrize("text", MANIFESTS)
def test_its_manifests_are_valid(reconciler, folder, text):
    (folder / "models.yaml").write_text(text, encoding="utf-8")
    assert (reconciler("validate").status, reconciler("validate").err) == (0, "")


def test_the_conversion_that_it_shows_is_what_import_makes(reconciler, folder, monkeypatch):
    values = next(block for block in BLOCKS if block.startswith("ollama:"))
    (folder / "values.yaml").write_text(values, encoding="utf-8")
    monkeypatch.chdir(folder)
    assert reconciler("import", "--from", "helm", "values.yaml").out in BLOCKS


def test_the_options_and_commands_that_it_names_are_there(reconciler):
    known = " ".join([reconciler("--help").out, *(reconciler(name, "--help").out for name in COMMANDS)])
    known += reconciler("registry", "history", "--help").out
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) - FOREIGN - set(re.findall("--[a-z-]+", known)) == set()
    assert set(re.findall(r"`(?:reconciler )?([a-z]+)", TEXT[TEXT.index("| command |") :].partition("\n\n")[0])) >= (
        set(COMMANDS)
    )


def test_the_paths_that_it_names_are_there():
    paths = re.findall(r"`((?:tests|manifests|schemas|\.ci|\.github)/[^` ]*)`", TEXT)
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_its_links_lead_to_headings():
    headings = re.findall("^##+ (.+)$", TEXT, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) - anchors == set()
