"""Each place where a tool is told to look away is counted here; one more is a line in a diff that somebody reads."""

import re
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PATTERNS = {
    "type": re.compile(r"#\s*type:\s*ignore"),
    "noqa": re.compile(r"#\s*noqa"),
    "coverage": re.compile(r"#\s*pragma:\s*no\s*cover"),
}
ALLOWED = {
    ("noqa", "reconciler/cli/running.py"): 1,  # S311: a pause, no secret
    ("noqa", "reconciler/cli/settings.py"): 1,  # S104: compared, never bound
    ("noqa", "reconciler/core/frozen.py"): 1,  # S102: what the standard library does, for later
    ("noqa", "reconciler/sources/_hugging_face/errors.py"): 1,  # S105: a variable's name
    ("noqa", "reconciler/sources/blob.py"): 1,  # ARG002: the port's signature
    ("noqa", "reconciler/sources/_files/pins.py"): 2,  # ARG002: the port's signature
    ("type", "reconciler/cli/question.py"): 1,  # click gives options as they are declared
    ("type", "reconciler/transport.py"): 2,  # urllib3's pools take their options as keywords of many types
}


def _lines(folder: str) -> list[tuple[str, str]]:
    files = sorted((REPOSITORY / folder).rglob("*.py"))
    return [(path.relative_to(REPOSITORY).as_posix(), line) for path in files for line in path.read_text().splitlines()]


def test_every_suppression_is_on_the_list() -> None:
    found = Counter(
        (kind, name)
        for name, line in _lines("reconciler")
        for kind, pattern in PATTERNS.items()
        if pattern.search(line)
    )
    assert found == ALLOWED


@pytest.mark.parametrize("folder", ["reconciler", "tests"])
def test_a_suppression_names_what_it_suppresses(folder: str) -> None:
    bare = re.compile(r"#\s*(?:type:\s*ignore(?!\[)|noqa(?!:))")
    here = Path(__file__).relative_to(REPOSITORY).as_posix()
    assert [f"{name}: {line}" for name, line in _lines(folder) if name != here and bare.search(line)] == []
