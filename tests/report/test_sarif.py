"""SARIF: what the published schema asks for, and beyond it what code scanning needs to show a finding."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.report.sarif import findings_sarif
from reconciler.report.text import safe
from tests.report.test_marks import TEXTS

SCHEMA = Draft4Validator(json.loads((Path(__file__).parent / "sarif/sarif-2.1.0-rtm.5.json").read_text("utf-8")))
KEY = Diagnostic(Location("manifests/a.yaml", 3, 5), "unknown key 'x'", "did you mean 'y'?", code="unknown-key")
BASE = Diagnostic(Location("manifests/b.yaml", 9, 1), "x is not declared", "", Severity.WARNING, "undeclared-base")
FINDINGS = (KEY, BASE, Diagnostic(Location("c.yaml", 1, 1), "unknown key 'z'", code="unknown-key"))


def run(*findings, root="/srv/repo"):
    """Return the one run of a log that is as the schema says."""
    log = json.loads(findings_sarif(findings, root))
    assert [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(log)] == []
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    return log["runs"][0]


def test_a_finding_has_its_rule_its_place_and_its_hint():
    found = run(*FINDINGS)
    assert found["results"][0] == {
        "ruleId": "unknown-key",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "unknown key 'x' (did you mean 'y'?)"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "manifests/a.yaml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3, "startColumn": 5},
                }
            }
        ],
    }
    assert [result["level"] for result in found["results"]] == ["error", "warning", "error"]


def test_every_rule_is_told_once_with_all_that_code_scanning_shows_of_it():
    found = run(*FINDINGS)
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["unknown-key", "undeclared-base"]
    assert [rules[result["ruleIndex"]]["id"] for result in found["results"]] == [item.code for item in FINDINGS]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "warning"]
    assert rules[0]["name"] == "UnknownKey"
    assert rules[0]["shortDescription"] == {"text": "Unknown key."}
    assert rules[0]["help"] == {"text": "did you mean 'y'?"}
    assert all(rule[part]["text"] for rule in rules for part in ("shortDescription", "fullDescription", "help"))


def test_nothing_found_is_a_run_without_results():
    found = run()
    assert (found["results"], found["tool"]["driver"]["rules"]) == ([], [])


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("manifests", {"uri": "manifests", "uriBaseId": "%SRCROOT%"}),
        ("./a b#c%.yaml", {"uri": "a%20b%23c%25.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/srv/repo/x/é.yaml", {"uri": "x/%C3%A9.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a:b.yaml", {"uri": "a%3Ab.yaml", "uriBaseId": "%SRCROOT%"}),
        ("half\udcff.yaml", {"uri": "half%FF.yaml", "uriBaseId": "%SRCROOT%"}),
        ("../other/a.yaml", {"uri": "file:///srv/other/a.yaml"}),
        ("/etc/a.yaml", {"uri": "file:///etc/a.yaml"}),
    ],
)
def test_a_file_is_told_from_the_root_of_the_sources(file, shown):
    (result,) = run(Diagnostic(Location(file), "odd"))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": shown, "region": {"startLine": 1}}


@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_whatever_a_manifest_says_is_text(texts):
    file, message, hint = texts
    (result,) = run(Diagnostic(Location(file.replace("\0", ""), 2, 3), message, hint))["results"]
    told = result["message"]["text"]
    assert "](" not in told
    assert told == safe(told)
