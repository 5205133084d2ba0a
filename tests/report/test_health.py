"""What the doctor found, on paper: for people and for machines."""

import json

from reconciler.core.health import Area, Finding, Grade
from reconciler.report.health import health_json, health_text

FOUND = (
    Finding(Area.HOSTS, "a", Grade.OK, "http://a  ollama 0.9.3"),
    Finding(Area.HOSTS, "gpu-01", Grade.ERROR, "http://b: no connection", "start it"),
    Finding(Area.DISK, "/c\x1b[31m", Grade.WARNING, "1.0 GB free\n", "free\x07 some"),
)
TEXT = r"""
hosts
  ✓ a       http://a  ollama 0.9.3
  ✗ gpu-01  http://b: no connection
      hint: start it

disk
  ! /c\x1b[31m  1.0 GB free\n
      hint: free\x07 some

1 error, 1 warning.
"""


def test_findings_stand_area_by_area_with_what_mends_them():
    assert health_text(FOUND, colour=False) == TEXT.lstrip()


def test_colours_are_for_the_symbols():
    text = health_text(FOUND, colour=True)
    assert "\x1b[32m✓\x1b[0m a " in text
    assert "\x1b[31m✗\x1b[0m gpu-01" in text
    assert "\x1b[1mhosts\x1b[0m" in text


def test_where_nothing_is_wrong_it_is_said():
    assert health_text(FOUND[:1], colour=False).endswith("\n\nNothing is wrong.\n")
    assert health_text((), colour=False) == "Nothing is wrong.\n"


def test_machines_get_the_same():
    told = json.loads(health_json(FOUND))
    assert (told["report"], told["good"]) == ("doctor", False)
    assert told["summary"] == {"ok": 1, "warning": 1, "error": 1}
    assert told["findings"][0] == {"area": "hosts", "about": "a", "grade": "ok", "message": FOUND[0].message}
    assert told["findings"][1]["hint"] == "start it"
    assert json.loads(health_json(FOUND[:1]))["good"] is True
